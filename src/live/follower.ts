import type { LiveReply } from './reply.ts';

export type FollowEvent<Ending> =
  | { type: 'chunk'; offset: number; text: string }
  | { type: 'end'; ending: Ending };

/**
 * Reads a live reply from an offset on. The first event comes at once, if need be with an empty text; the last one is
 * the end. Written by hand, because a parked async generator does not hear `return()`: this one is released at once.
 */
export class Follower<Ending> implements AsyncIterableIterator<FollowEvent<Ending>> {
  readonly #reply: LiveReply<Ending>;
  #offset: number;
  #state: 'first' | 'following' | 'done' = 'first';
  #release: (() => void) | undefined;
  readonly #left: () => void;

  /** @param left is called once, when it has read the end or is released. */
  constructor(reply: LiveReply<Ending>, from: number, left: () => void) {
    this.#reply = reply;
    this.#offset = from;
    this.#left = left;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Must not be called again before the promise of the last call has settled. */
  async next(): Promise<IteratorResult<FollowEvent<Ending>, undefined>> {
    for (;;) {
      const event = this.#read();
      if (event) return event;
      await new Promise<void>((resolve) => {
        const leave = this.#reply.park(resolve);
        this.#release = () => {
          leave();
          resolve();
        };
      });
    }
  }

  async return(): Promise<IteratorResult<FollowEvent<Ending>, undefined>> {
    this.#finish();
    this.#release?.();
    return { done: true, value: undefined };
  }

  #finish(): void {
    if (this.#state !== 'done') this.#left();
    this.#state = 'done';
  }

  /** What there is now; undefined where there is nothing to tell yet. */
  #read(): IteratorResult<FollowEvent<Ending>, undefined> | undefined {
    if (this.#state === 'done') return { done: true, value: undefined };
    if (this.#state === 'first' || this.#offset < this.#reply.text.length) {
      this.#state = 'following';
      const { offset, text } = this.#reply.text.chunk(this.#offset);
      this.#offset = offset + text.length;
      return { done: false, value: { type: 'chunk', offset, text } };
    }
    const { ending } = this.#reply;
    if (ending === undefined) return undefined;
    this.#finish();
    return { done: false, value: { type: 'end', ending } };
  }
}
