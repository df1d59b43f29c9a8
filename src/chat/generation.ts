import { setTimeout as delay } from 'node:timers/promises';
import type { RequestOutcome, StopMode } from '../db/values.ts';
import { Unavailable } from '../failure.ts';
import type { ReplyRequest, ReplySink } from '../model/request.ts';
import { UpstreamFailure } from '../model/upstream-failure.ts';
import type { Chat, Message } from './chat.ts';
import type { GeneratedReply } from './generated-reply.ts';
import { RequestAccount } from './request-account.ts';
import { waitBeforeRetry } from './retry.ts';
import {
  beginAttempt,
  endReplies,
  heldBy,
  LostLease,
  readReplies,
  recordAttempt,
  settle,
  type Claim,
  type ReplyEnd,
} from './settlement.ts';

/** What a generation is to do, as it was stored. */
export interface Task {
  id: string;
  owner: string;
  conversationId: string;
  request: ReplyRequest;
  /** Our count, for the books of a request whose usage the API does not report. */
  promptTokens: number;
}

/** How a request, and with it the generation, ended. */
export type Outcome =
  | { kind: Exclude<RequestOutcome, 'FAILED'> }
  | { kind: 'FAILED'; failure: UpstreamFailure };

// How long the end of a reply is kept in memory while the database is away.
const SETTLE_PATIENCE_MS = 60_000;
const SETTLE_RETRY_MS = 250;

/**
 * Has the model write the replies of one task, and stores their end. Owes nothing to whoever follows them.
 *
 *   asking ──failed before the first token──> waiting ──> asking
 *     └──────finished, failed, stopped──────> settling ──> ended
 */
export class Generation {
  readonly task: Task;
  readonly replies: GeneratedReply[];
  /** Resolves when all is stored, or given up. Never rejects. */
  readonly ended: Promise<void>;
  readonly #chat: Chat;
  readonly #claim: Claim;
  readonly #abort = new AbortController();
  /** Undefined while no request is under way. */
  #account: RequestAccount | undefined;
  #state: 'asking' | 'waiting' | 'settling' | 'ended' = 'asking';
  #sawToken = false;

  constructor(chat: Chat, task: Task, replies: GeneratedReply[]) {
    this.#chat = chat;
    this.task = task;
    this.replies = replies;
    this.#claim = {
      generationId: task.id,
      conversationId: task.conversationId,
      holds: heldBy(chat.processId),
    };
    this.ended = this.#run();
  }

  /**
   * Ends one reply where it is. Resolves when that is stored. With ABORT, and no other reply left to write, the request
   * is closed at once; with DRAIN it is read on for its exact usage.
   * @throws Unavailable
   */
  async stop(reply: GeneratedReply, mode: StopMode): Promise<void> {
    reply.freeze();
    const isLast = this.replies.every(({ state }) => state !== 'growing');
    if (isLast && mode === 'ABORT') this.#abort.abort('STOPPED');
    if (isLast && (mode === 'ABORT' || this.#state !== 'asking')) await this.ended;
    else await this.#endEarly(reply);
  }

  /** Ends all replies where they are, because nobody wants them any more. */
  abandon(): void {
    this.#abort.abort('STOPPED');
  }

  /** Ends all replies where they are: this process goes, or has lost its lease. */
  interrupt(): void {
    this.#abort.abort('INTERRUPTED');
  }

  async #run(): Promise<void> {
    const outcome = await this.#ask();
    this.#state = 'settling';
    for (const reply of this.replies) reply.complete();
    await this.#settle(outcome);
    this.#state = 'ended';
  }

  /** Makes the request, and makes it again where that may help, until it has ended for good. */
  async #ask(): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#request(attempt);
      if (outcome.kind !== 'FAILED' || this.#sawToken) return outcome;
      const wait = waitBeforeRetry(outcome.failure, attempt, this.#chat.settings);
      if (wait === undefined || !(await this.#note(outcome))) return outcome;
      this.#state = 'waiting';
      await delay(wait, undefined, { signal: this.#abort.signal }).catch(() => {});
      if (this.#abort.signal.aborted) return { kind: this.#stopReason };
      if (!(await this.#tryTo(beginAttempt(this.#chat, this.#claim)))) return outcome;
      this.#state = 'asking';
    }
  }

  async #request(attempt: number): Promise<Outcome> {
    this.#account = new RequestAccount(this.task, attempt, this.replies);
    try {
      await this.#chat.model.reply(this.task.request, this.#sinkOf(this.#account), this.#abort.signal);
      return { kind: 'COMPLETE' };
    } catch (error) {
      if (this.#abort.signal.aborted) return { kind: this.#stopReason };
      const failure =
        error instanceof UpstreamFailure ? error : new UpstreamFailure('INTERNAL', { cause: error });
      this.#chat.log.warn({ err: failure, generation: this.task.id, attempt }, 'the chat API failed');
      return { kind: 'FAILED', failure };
    }
  }

  get #stopReason(): 'STOPPED' | 'INTERRUPTED' {
    return this.#abort.signal.reason as 'STOPPED' | 'INTERRUPTED';
  }

  #sinkOf(account: RequestAccount): ReplySink {
    return {
      accepted: (requestId) => account.accept(requestId),
      content: (choice, text) => {
        this.#sawToken = true;
        const reply = this.replies[choice]!;
        reply.timeToFirstTokenMs ??= Date.now() - account.startedAt.getTime();
        if (!reply.append(text, this.#chat.settings.MAX_REPLY_LENGTH)) {
          throw new UpstreamFailure('UPSTREAM_PROTOCOL', {
            cause: new Error('Longer than MAX_REPLY_LENGTH.'),
          });
        }
      },
      refusal: (choice, text) => {
        this.#sawToken = true;
        this.replies[choice]!.refuse(text);
      },
      finish: (choice, reason) => {
        this.replies[choice]!.finishReason = reason;
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

  /** For what is given up where the database is away; the settlement has more patience. */
  async #tryTo(work: Promise<void>): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (error) {
      this.#chat.log.warn({ err: error, generation: this.task.id }, 'a request is not made again');
      return false;
    }
  }

  /** Stores the end of one reply while the request goes on. */
  async #endEarly(reply: GeneratedReply): Promise<void> {
    if (reply.state === 'closed') return;
    const end = await reply.endAfter({ kind: 'STOPPED' });
    const [stored] = await endReplies(this.#chat, this.#claim, [end]);
    reply.close(stored, end);
  }

  async #settle(outcome: Outcome): Promise<void> {
    const open = this.replies.filter(({ state }) => state !== 'closed');
    const ends = await Promise.all(
      open.map((reply) => reply.endAfter(outcome, this.#account?.tokensOf(reply))),
    );
    const stored = await this.#store(outcome, ends).catch((error: unknown) => this.#notStored(error));
    open.forEach((reply, index) => {
      const end = ends[index]!;
      const row = stored?.find(({ id }) => id === reply.id);
      reply.close(row, stored ? end : { ...end, status: 'FAILED', error: { code: 'INTERRUPTED' } });
    });
  }

  async #store(outcome: Outcome, ends: ReplyEnd[]): Promise<Message[]> {
    const entry = await this.#account?.close(outcome, this.#chat.prices);
    return this.#whenDatabaseAnswers(() => settle(this.#chat, this.#claim, ends, entry));
  }

  /**
   * Another process has ended it, or will when the lease has run out: as interrupted, with the text saved last.
   * @returns what is stored instead; undefined where that is not known.
   */
  async #notStored(error: unknown): Promise<Message[] | undefined> {
    this.#chat.log.error({ err: error, generation: this.task.id }, 'the end of a reply could not be stored');
    if (!(error instanceof LostLease)) return undefined;
    const rows = await readReplies(this.#chat, this.task.id).catch(() => []);
    return rows.length > 0 && rows.every(({ status }) => status !== 'PENDING') ? rows : undefined;
  }

  async #whenDatabaseAnswers<T>(work: () => Promise<T>): Promise<T> {
    for (const patience = Date.now() + SETTLE_PATIENCE_MS; ;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Unavailable) || Date.now() > patience) throw error;
        await delay(SETTLE_RETRY_MS);
      }
    }
  }
}
