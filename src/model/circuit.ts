import type { GenerationErrorCode } from '../db/values.ts';
import { UpstreamFailure } from './upstream-failure.ts';

// So many times in a row before it is believed.
const FAILURES_TO_OPEN = 3;
// Milliseconds until the next probe: twice as long after each that fails.
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;

/**
 * Keeps a key that is refused, or an account without credit, from being tried again and again.
 *
 *   closed ──several refusals──> open ──after a pause──> probing (one request) ──answered──> closed
 *                                 ^                            └──refused again──┐
 *                                 └───────────────twice the pause────────────────┘
 */
export class Circuit {
  #refusals = 0;
  #open: { code: GenerationErrorCode; until: number; pause: number } | undefined;
  #probing = false;

  /** Why no request is made now; undefined where one may be made. */
  refusal(now = Date.now()): UpstreamFailure | undefined {
    if (!this.#open || (!this.#probing && now >= this.#open.until)) return undefined;
    return new UpstreamFailure(this.#open.code, { refused: true });
  }

  /** A request is made. @returns whether it is the probe of an open circuit. */
  begin(): boolean {
    if (this.#open) this.#probing = true;
    return this.#probing;
  }

  /** The key was good. */
  accepted(): void {
    this.#refusals = 0;
    this.#open = undefined;
    this.#probing = false;
  }

  /** The request failed. What is not about the key leaves an open circuit open, for the next probe to tell. */
  failed({ code }: UpstreamFailure, isProbe: boolean, now = Date.now()): void {
    if (isProbe) this.#probing = false;
    if (code !== 'UPSTREAM_AUTH' && code !== 'UPSTREAM_QUOTA') return;
    if (!this.#open && ++this.#refusals < FAILURES_TO_OPEN) return;
    if (this.#open && !isProbe) return; // It began before the circuit opened.
    const pause = this.#open ? Math.min(this.#open.pause * 2, LONGEST_PAUSE) : FIRST_PAUSE;
    this.#open = { code, until: now + pause, pause };
  }
}
