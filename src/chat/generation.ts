import { setTimeout as delay } from 'node:timers/promises';
import { withDeadline } from '../db/faults.ts';
import type { StopMode } from '../db/values.ts';
import { Unavailable } from '../failure.ts';
import type { ReplyRequest } from '../model/request.ts';
import { Asking, type Outcome } from './asking.ts';
import type { Chat, Message } from './chat.ts';
import type { GeneratedReply } from './generated-reply.ts';
import {
  endReplies,
  heldBy,
  LostLease,
  readReplies,
  settle,
  type Claim,
  type Ending,
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

// How long the end of a reply is kept in memory while the database is away, before followers are told that it is lost.
const PATIENCE_MS = 60_000;
const RETRY_MS = 250;

/**
 * Has the model write the replies of one task, and stores their end. Owes nothing to whoever follows them.
 *
 *   asking (see asking.ts) ──> settling ──> ended
 */
export class Generation {
  readonly task: Task;
  readonly replies: GeneratedReply[];
  /** Resolves when all is stored, or given up. Never rejects. */
  readonly ended: Promise<void>;
  readonly #chat: Chat;
  readonly #claim: Claim;
  readonly #asking: Asking;
  #hurry = false;

  constructor(chat: Chat, task: Task, replies: GeneratedReply[]) {
    this.#chat = chat;
    this.task = task;
    this.replies = replies;
    this.#claim = {
      generationId: task.id,
      conversationId: task.conversationId,
      holds: heldBy(chat.processId),
    };
    this.#asking = new Asking(chat, task, this.#claim, replies);
    this.ended = this.#asking.untilOver().then((outcome) => this.#settle(outcome));
  }

  /**
   * Ends one reply where it is. Resolves when that is stored. With ABORT, and no other reply left to write, the request
   * is closed at once; with DRAIN it is read on for its exact usage.
   * @throws Unavailable
   */
  async stop(reply: GeneratedReply, mode: StopMode): Promise<void> {
    reply.freeze();
    const isLast = this.replies.every(({ state }) => state !== 'growing');
    const end = isLast && (mode === 'ABORT' || this.#asking.state === 'waiting');
    if (end) this.#asking.end('STOPPED');
    if (end || this.#asking.state === 'over' || !(await this.#endEarly(reply)))
      await withDeadline(() => this.ended);
  }

  /** Ends all replies where they are, because nobody wants them any more. */
  abandon(): void {
    this.#asking.end('STOPPED');
  }

  /** Ends all replies where they are: this process goes, or has lost its lease. Nothing is waited for any more. */
  interrupt(): void {
    this.#hurry = true;
    this.#asking.end('INTERRUPTED');
  }

  /** Stores the end of one reply while the request goes on. @returns false where all ended in the meantime. */
  async #endEarly(reply: GeneratedReply): Promise<boolean> {
    if (reply.state === 'closed') return true;
    const end = await reply.endAfter({ kind: 'STOPPED' });
    try {
      const [stored] = await endReplies(this.#chat, this.#claim, [end]);
      reply.close(stored, end);
    } catch (error) {
      if (error instanceof LostLease) return false;
      throw error;
    }
    this.#chat.changes.announce(this.task.conversationId);
    return true;
  }

  /** Stores the end of all, however long the database is away. After a while followers are told that it is lost. */
  async #settle(outcome: Outcome): Promise<void> {
    const early = this.replies.filter(({ state }) => state === 'closed').map(({ id }) => id);
    let ending = await this.#endingAfter(outcome);
    for (const patience = Date.now() + PATIENCE_MS; ;) {
      try {
        this.#close(await settle(this.#chat, this.#claim, { ...ending, early }), ending.ends);
        return this.#chat.changes.announce(this.task.conversationId);
      } catch (error) {
        this.#chat.log.warn({ err: error, generation: this.task.id }, 'the end of a reply is not stored');
        if (!(error instanceof Unavailable) || this.#hurry) return this.#giveUp(error, ending.ends);
      }
      if (outcome.kind !== 'INTERRUPTED' && Date.now() > patience) {
        outcome = { kind: 'INTERRUPTED' };
        ending = await this.#endingAfter(outcome);
        this.#close([], ending.ends);
      }
      await delay(RETRY_MS);
    }
  }

  async #endingAfter(outcome: Outcome): Promise<Ending> {
    const { account } = this.#asking;
    const open = this.replies.filter(({ state }) => state !== 'closed');
    return {
      ends: await Promise.all(open.map((reply) => reply.endAfter(outcome, account?.tokensOf(reply)))),
      entry: await account?.close(outcome, this.#chat.prices),
    };
  }

  /** Tells followers the end. Of a conversation that is deleted there is no row: then it is the end that was meant. */
  #close(stored: Message[], ends: ReplyEnd[]): void {
    for (const end of ends) {
      const reply = this.replies.find(({ id }) => id === end.id)!;
      reply.close(
        stored.find(({ id }) => id === end.id),
        end,
      );
    }
  }

  /** Another process has ended it, or will when the lease has run out: as interrupted, with the text saved last. */
  async #giveUp(error: unknown, ends: ReplyEnd[]): Promise<void> {
    const rows =
      error instanceof LostLease ? await readReplies(this.#chat, this.task.id).catch(() => []) : [];
    const ended = rows.filter(({ status }) => status !== 'PENDING');
    this.#close(
      ended,
      ends.map((end) => ({ ...end, status: 'FAILED', error: { code: 'INTERRUPTED' } })),
    );
  }
}
