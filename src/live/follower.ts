import type { LiveReply } from './reply.ts';

export type FollowEvent<Ending> =
  | { type: 'chunk'; offset: number; text: string }
  | { type: 'end'; ending: Ending };

/**
 * Reads a live reply from an offset on. The first event comes at once, if need be with an empty text; the last one is
 * the end. Holds no queue: who reads slowly gets fewer and longer chunks.
 */
export class Follower<Ending> {
  readonly #reply: LiveReply<Ending>;
  readonly #left: () => void;
  #offset: number;
  #state: 'first' | 'following' | 'done' = 'first';

  /** @param left is called once, when the end was read or the follower has left. */
  constructor(reply: LiveReply<Ending>, from: number, left: () => void) {
    this.#reply = reply;
    this.#offset = from;
    this.#left = left;
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  /** What there is to tell now; undefined where there is nothing yet, or nothing any more. */
  take(): FollowEvent<Ending> | undefined {
    if (this.#state === 'done') return undefined;
    if (this.#state === 'first' || this.#isBehind) {
      this.#state = 'following';
      const { offset, text } = this.#reply.text.chunk(this.#offset);
      this.#offset = offset + text.length;
      return { type: 'chunk', offset, text };
    }
    const { ending } = this.#reply;
    if (ending === undefined) return undefined;
    this.leave();
    return { type: 'end', ending };
  }

  /** Calls back, once, when there is something to take, be it at once. Returns what takes the wish back. */
  park(wake: () => void): () => void {
    // Something may have come since it was looked at last.
    if (this.#isBehind || this.#reply.ending !== undefined) wake();
    return this.#reply.park(wake);
  }

  get #isBehind(): boolean {
    return this.#offset < this.#reply.text.length;
  }

  leave(): void {
    if (this.#state !== 'done') this.#left();
    this.#state = 'done';
  }
}
