// While many replies are written, a token arrives somewhere every few microseconds. Sending each on its own would spend
// most of the time on frames. Instead: what comes first after a pause is sent at once, what follows within the beat
// goes together. Under load the beat comes late, chunks grow, and nothing queues.

/** Something to flush on the beat. Returns whether there was anything to flush. */
export interface Beating {
  flush(): boolean;
}

export class Beat {
  readonly #periodMs: number;
  readonly #members = new Set<Beating>();
  #timer: NodeJS.Timeout | undefined;

  /** @param periodMs how long what is not first may wait, in milliseconds. */
  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  /** Says that there is something to flush: at once where the member had nothing for a whole beat, else on the beat. */
  touch(member: Beating): void {
    if (this.#members.has(member)) return;
    this.#members.add(member);
    member.flush();
    if (!this.#timer) this.#timer = setTimeout(this.#tick, this.#periodMs);
  }

  readonly #tick = (): void => {
    for (const member of this.#members) if (!member.flush()) this.#members.delete(member);
    // Not an interval: a late beat is not made up for, or a process under load would do nothing else.
    this.#timer = this.#members.size > 0 ? setTimeout(this.#tick, this.#periodMs) : undefined;
  };
}
