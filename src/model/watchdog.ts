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
  #heard = 0;

  constructor(limits: TimeLimits, expire: (failure: UpstreamFailure) => void) {
    this.#limits = limits;
    this.#expire = expire;
    this.#total = setTimeout(() => this.#end(), limits.total);
    this.#silence = this.#afterSilence(limits.firstByte);
  }

  /** A part of the answer has come. */
  heard(): void {
    this.#heard++;
    if (this.#heard > 1) {
      this.#silence.refresh();
      return;
    }
    clearTimeout(this.#silence);
    this.#silence = this.#afterSilence(this.#limits.silence);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#total);
    clearTimeout(this.#silence);
  }

  /** After a pause of this process the timer may come before what was sent in the meantime: listen once more. */
  #afterSilence(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => {
      const heard = this.#heard;
      setImmediate(() => heard === this.#heard && this.#end());
    }, milliseconds);
  }

  #end(): void {
    this.#expire(new UpstreamFailure('UPSTREAM_TIMEOUT'));
  }
}
