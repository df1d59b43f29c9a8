import type { Beat, Beating } from './beat.ts';
import { Follower } from './follower.ts';
import { GrowingText } from './growing-text.ts';

/**
 * One reply while it is written: a text that only grows, until it ends. Its writer needs no listener, and a follower is
 * no more than an offset.
 *
 *   open ──append*──> open ──end──> ended
 *
 * @typeParam Ending what is known of the reply once it has ended; the last thing that a follower gets.
 */
export class LiveReply<Ending> implements Beating {
  readonly id: string;
  readonly owner: string;
  readonly text: GrowingText;
  /** Resolves when the reply has ended. */
  readonly ended: Promise<Ending>;
  readonly #resolveEnded: (ending: Ending) => void;
  readonly #beat: Beat;
  readonly #parked = new Set<() => void>();
  #ending: Ending | undefined;
  #flushed: number;
  #followers = 0;

  /** @param text what there is of it already */
  constructor(id: string, owner: string, beat: Beat, text = '') {
    this.text = new GrowingText(text);
    this.#flushed = text.length;
    this.id = id;
    this.owner = owner;
    this.#beat = beat;
    ({ promise: this.ended, resolve: this.#resolveEnded } = Promise.withResolvers<Ending>());
  }

  /** Undefined until the reply has ended. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  append(text: string): void {
    this.text.append(text);
    this.#beat.touch(this);
  }

  /** Comes once, after the last append and after what it says is stored. */
  end(ending: Ending): void {
    this.#ending = ending;
    this.#resolveEnded(ending);
    this.#wake();
  }

  /** The text from an offset on, and then the ending. */
  follow(from: number): Follower<Ending> {
    this.#followers++;
    return new Follower(this, from, () => this.#followers--);
  }

  /** How many have not read it to its end, nor left. */
  get followers(): number {
    return this.#followers;
  }

  /** Calls back, once, as soon as there is more text or the end. Returns what takes the wish back. */
  park(wake: () => void): () => void {
    this.#parked.add(wake);
    return () => this.#parked.delete(wake);
  }

  flush(): boolean {
    if (this.#flushed === this.text.length) return false;
    this.#flushed = this.text.length;
    this.#wake();
    return true;
  }

  #wake(): void {
    const parked = [...this.#parked];
    this.#parked.clear();
    for (const wake of parked) wake();
  }
}
