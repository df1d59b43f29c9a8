import type { FinishReason, StoredError } from '../db/values.ts';
import type { LiveReply } from '../live/reply.ts';
import { TextMender } from '../text.ts';
import { countTokens } from '../model/tokens.ts';
import type { Message } from './chat.ts';
import type { Outcome } from './asking.ts';
import type { ReplyEnd } from './settlement.ts';

/**
 * One of the n replies of a generation, as it is written.
 *
 *   growing ──freeze──> frozen ──close──> closed
 *      └─────────────────close───────────────┘
 *
 * frozen: someone stopped it; the text stays as it is, what still comes is only counted.
 * closed: its end is stored, and its followers have been told.
 */
export class GeneratedReply {
  readonly live: LiveReply<Message>;
  readonly #place: Message;
  refusal = '';
  finishReason: FinishReason | null = null;
  /** From the request until the first token, in milliseconds. */
  timeToFirstTokenMs: number | null = null;
  #state: 'growing' | 'frozen' | 'closed' = 'growing';
  #mender = new TextMender();
  #refusalMender = new TextMender();
  #unseen = '';

  /** @param place the row that was stored for it. */
  constructor(live: LiveReply<Message>, place: Message) {
    this.live = live;
    this.#place = place;
  }

  get id(): string {
    return this.live.id;
  }

  get state(): 'growing' | 'frozen' | 'closed' {
    return this.#state;
  }

  /** @param limit how long the text may become, in UTF-16 code units. @returns whether it stayed within. */
  append(text: string, limit: number): boolean {
    if (this.#state !== 'growing') {
      this.#unseen += text;
      return true;
    }
    const room = limit - this.live.text.length;
    const next = this.#mender.next(text);
    if (next.length <= room) {
      this.live.append(next);
      return true;
    }
    // The half of a character that the limit may leave is dropped.
    this.live.append(
      next
        .slice(0, room)
        .toWellFormed()
        .replace(/\ufffd$/, ''),
    );
    this.#unseen += next.slice(room);
    return false;
  }

  refuse(text: string): void {
    this.refusal += this.#refusalMender.next(text);
  }

  freeze(): void {
    if (this.#state === 'growing') this.#state = 'frozen';
  }

  /** Nothing comes any more: the last half of a character is given up. */
  complete(): void {
    if (this.#state !== 'growing') return;
    const rest = this.#mender.end();
    if (rest !== '') this.live.append(rest);
    this.refusal += this.#refusalMender.end();
  }

  /** @param stored the row with its end; where there is none, since its conversation is deleted, the end alone. */
  close(stored: Message | undefined, end: ReplyEnd): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.live.end(stored ?? { ...this.#place, ...end, completedAt: new Date() });
  }

  /** All that the model wrote for it, for counting: also what came after it was stopped. */
  get written(): string {
    return this.live.text.slice(0) + this.#unseen + this.refusal;
  }

  /**
   * How it ends where the request ended so. Who stopped it meant it to be stopped, whatever came then.
   * @param tokens of its text, where they are known; counted otherwise.
   */
  async endAfter(outcome: Outcome, tokens?: number): Promise<ReplyEnd> {
    const status =
      this.#state !== 'growing' ? 'STOPPED' : outcome.kind === 'INTERRUPTED' ? 'FAILED' : outcome.kind;
    const content = this.live.text.toString();
    return {
      id: this.id,
      status,
      content,
      tokens: tokens ?? (await countTokens(content)),
      refusal: this.refusal === '' ? null : this.refusal,
      finishReason: status === 'COMPLETE' ? this.finishReason : null,
      error: status === 'FAILED' ? errorOf(outcome) : null,
      timeToFirstTokenMs: this.timeToFirstTokenMs,
    };
  }
}

function errorOf(outcome: Outcome): StoredError {
  if (outcome.kind !== 'FAILED') return { code: 'INTERRUPTED' };
  const { code, retryAfterMs } = outcome.failure;
  return retryAfterMs === undefined ? { code } : { code, retryAfter: Math.ceil(retryAfterMs / 1000) };
}
