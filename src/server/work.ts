import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Counts what is being carried out for clients, so that a server that goes can let it come to its end: operations, and
 * events of subscriptions until they are sent. A subscription that waits for its next event is no work.
 */
export class Work {
  #count = 0;
  #idle: (() => void)[] = [];

  begin(): void {
    this.#count++;
  }

  end(): void {
    if (--this.#count > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async during<T>(work: () => T | Promise<T>): Promise<T> {
    this.begin();
    try {
      return await work();
    } finally {
      this.end();
    }
  }

  /** Resolves as soon as there is none, and none has come of what was there. */
  async idle(): Promise<void> {
    do {
      if (this.#count > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
      await nextTurn();
    } while (this.#count > 0);
  }
}
