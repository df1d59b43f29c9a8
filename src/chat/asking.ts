import { setTimeout as delay } from 'node:timers/promises';
import type { RequestOutcome } from '../db/values.ts';
import type { ReplySink } from '../model/request.ts';
import { UpstreamFailure } from '../model/upstream-failure.ts';
import type { Chat } from './chat.ts';
import type { GeneratedReply } from './generated-reply.ts';
import type { Task } from './generation.ts';
import { RequestAccount } from './request-account.ts';
import { waitBeforeRetry } from './retry.ts';
import { beginAttempt, recordAttempt, type Claim } from './settlement.ts';

/** How a request, and with it the generation, ended. */
export type Outcome =
  | { kind: Exclude<RequestOutcome, 'FAILED'> }
  | { kind: 'FAILED'; failure: UpstreamFailure };

/**
 * Makes the request of a generation, and makes it again where that may help, until it has ended for good. Every request
 * but the last is in the ledger when the next one begins.
 *
 *   asking ──failed before the first token──> waiting ──> asking
 *     └───────finished, failed, stopped─────────┴───────> over
 */
export class Asking {
  readonly #chat: Chat;
  readonly #task: Task;
  readonly #claim: Claim;
  readonly #replies: GeneratedReply[];
  readonly #abort = new AbortController();
  #account: RequestAccount | undefined;
  #state: 'asking' | 'waiting' | 'over' = 'asking';
  #sawToken = false;

  constructor(chat: Chat, task: Task, claim: Claim, replies: GeneratedReply[]) {
    this.#chat = chat;
    this.#task = task;
    this.#claim = claim;
    this.#replies = replies;
  }

  get state(): 'asking' | 'waiting' | 'over' {
    return this.#state;
  }

  /** What is known of the last request, which is not in the ledger yet; undefined where all are. */
  get account(): RequestAccount | undefined {
    return this.#account;
  }

  /** Closes the request, or ends the wait for the next one, at once. */
  end(reason: 'STOPPED' | 'INTERRUPTED'): void {
    this.#abort.abort(reason);
  }

  /** Called once. Never rejects. */
  async untilOver(): Promise<Outcome> {
    const outcome = await this.#askAndAskAgain();
    this.#state = 'over';
    for (const reply of this.#replies) reply.complete();
    return outcome;
  }

  async #askAndAskAgain(): Promise<Outcome> {
    let retries = 0;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#ask(attempt);
      if (outcome.kind !== 'FAILED' || this.#sawToken) return outcome;
      const wait = waitBeforeRetry(outcome.failure, retries, this.#chat.settings);
      if (!outcome.failure.withoutIt) retries++;
      if (wait === undefined || !(await this.#note(outcome))) return outcome;
      this.#state = 'waiting';
      await delay(wait, undefined, { signal: this.#abort.signal }).catch(() => {});
      const wanted = this.#replies.some(({ state }) => state === 'growing');
      if (this.#abort.signal.aborted || !wanted) return { kind: this.#endReason };
      if (!(await this.#tryTo(beginAttempt(this.#chat, this.#claim)))) return outcome;
      this.#state = 'asking';
    }
  }

  async #ask(attempt: number): Promise<Outcome> {
    const refusal = this.#chat.model.refusal();
    this.#account = refusal ? undefined : new RequestAccount(this.#task, attempt, this.#replies);
    if (!this.#account) return { kind: 'FAILED', failure: refusal! };
    try {
      await this.#chat.model.reply(this.#task.request, this.#sinkOf(this.#account), this.#abort.signal);
      return { kind: 'COMPLETE' };
    } catch (error) {
      if (this.#abort.signal.aborted) return { kind: this.#endReason };
      const failure =
        error instanceof UpstreamFailure ? error : new UpstreamFailure('INTERNAL', { cause: error });
      this.#chat.log.warn({ err: failure, generation: this.#task.id, attempt }, 'the chat API failed');
      return { kind: 'FAILED', failure };
    }
  }

  get #endReason(): 'STOPPED' | 'INTERRUPTED' {
    return this.#abort.signal.reason === 'INTERRUPTED' ? 'INTERRUPTED' : 'STOPPED';
  }

  #sinkOf(account: RequestAccount): ReplySink {
    return {
      accepted: (requestId) => account.accept(requestId),
      content: (choice, text) => {
        this.#sawToken = true;
        const reply = this.#replies[choice]!;
        reply.timeToFirstTokenMs ??= Date.now() - account.startedAt.getTime();
        if (!reply.append(text, this.#chat.settings.MAX_REPLY_LENGTH)) {
          throw new UpstreamFailure('UPSTREAM_PROTOCOL', {
            cause: new Error('Longer than MAX_REPLY_LENGTH.'),
          });
        }
      },
      refusal: (choice, text) => {
        this.#sawToken = true;
        this.#replies[choice]!.refuse(text);
      },
      finish: (choice, reason) => {
        this.#replies[choice]!.finishReason = reason;
      },
      usage: (usage) => {
        account.usage = usage;
      },
    };
  }

  /** Writes a failed request into the ledger before it is made again. @returns whether that was possible. */
  async #note(outcome: Outcome): Promise<boolean> {
    const entry = await this.#account!.close(outcome, this.#chat.prices);
    const noted = await this.#tryTo(recordAttempt(this.#chat, this.#claim, entry));
    if (noted) this.#account = undefined;
    return noted;
  }

  /** For what is given up where the database is away. */
  async #tryTo(work: Promise<void>): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (error) {
      this.#chat.log.warn({ err: error, generation: this.#task.id }, 'a request is not made again');
      return false;
    }
  }
}
