import { UpstreamFailure } from './upstream-failure.ts';

/** All in milliseconds. */
export interface TimeLimits {
  /** From the request until the answer's first byte. */
  firstByte: number;
  /** Between two bytes of the answer. */
  silence: number;
  /** From the request until the answer's end. */
  total: number;
}

/**
 * Ends a request that takes too long. The SDK's own time limit covers only the answer's headers, so that a stream that
 * stalls would be waited for until the HTTP client loses patience.
 */
export class Watchdog implements Disposable {
  readonly #limits: TimeLimits;
  readonly #expire: (failure: UpstreamFailure) => void;
  readonly #total: NodeJS.Timeout;
  #silence: NodeJS.Timeout;
  #sawByte = false;

  constructor(limits: TimeLimits, expire: (failure: UpstreamFailure) => void) {
    this.#limits = limits;
    this.#expire = expire;
    this.#total = this.#after(limits.total);
    this.#silence = this.#after(limits.firstByte);
  }

  /** A part of the answer has come. */
  heard(): void {
    if (this.#sawByte) {
      this.#silence.refresh();
      return;
    }
    this.#sawByte = true;
    clearTimeout(this.#silence);
    this.#silence = this.#after(this.#limits.silence);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#total);
    clearTimeout(this.#silence);
  }

  #after(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => this.#expire(new UpstreamFailure('UPSTREAM_TIMEOUT')), milliseconds);
  }
}
