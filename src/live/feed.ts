/**
 * What a subscription pulls its events from. Written by hand, because an async generator that waits does not hear
 * `return()`: whoever leaves this one is released at once, wherever it waits.
 */
export abstract class Feed<Event> implements AsyncIterableIterator<Event> {
  #left = false;
  #release: (() => void) | undefined;

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Must not be called again before the promise of the last call has settled. */
  async next(): Promise<IteratorResult<Event, undefined>> {
    while (!this.#left) {
      const event = await this.take();
      if (event === 'done' || this.#left) break;
      if (event !== 'wait') return { done: false, value: event };
      let back = () => {};
      await new Promise<void>((resolve) => {
        this.#release = resolve;
        back = this.park(resolve);
      });
      back();
    }
    await this.return();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Event, undefined>> {
    if (!this.#left) {
      this.#left = true;
      this.#release?.();
      this.leave();
    }
    return { done: true, value: undefined };
  }

  /** The next event; `wait` where there is none yet. */
  protected abstract take(): Event | 'wait' | 'done' | Promise<Event | 'wait' | 'done'>;

  /** Calls back, once, when there may be something to take. Returns what takes the wish back. */
  protected abstract park(wake: () => void): () => void;

  /** Lets go of everything. Called once. */
  protected abstract leave(): void;
}
