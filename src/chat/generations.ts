import { and, inArray, sql } from 'drizzle-orm';
import { generations } from '../db/tables.ts';
import type { LiveReply } from '../live/reply.ts';
import { newId } from '../ids.ts';
import type { Chat, Message } from './chat.ts';
import { saveProgress } from './checkpoints.ts';
import { GeneratedReply } from './generated-reply.ts';
import { Generation, type Task } from './generation.ts';
import { settleAbandoned } from './recovery.ts';
import { heldBy } from './settlement.ts';

/** Names and places for replies that are about to be stored. */
export interface Reservation {
  generationId: string;
  replies: LiveReply<Message>[];
}

/** The generations of this process, and what keeps them: checkpoints, leases, and the sweep for those of dead processes. */
export class Generations implements AsyncDisposable {
  readonly #chat: Chat;
  readonly #running = new Map<string, Generation>();
  readonly #byReply = new Map<string, Generation>();
  readonly #saved = new Map<string, number>();
  readonly #neverAsked = new Set<string>();
  readonly #timers: NodeJS.Timeout[];
  #troubleAt = -Infinity;
  #closing = false;

  constructor(chat: Chat) {
    this.#chat = chat;
    const { CHECKPOINT_MS, LEASE_MS } = chat.settings;
    this.#timers = [
      this.#every(CHECKPOINT_MS, () => saveProgress(chat, this.#running.values(), this.#saved)),
      this.#every(LEASE_MS / 3, () => this.#renewLeases()),
      this.#every(LEASE_MS / 3, () => this.#sweep()),
    ];
  }

  /** Whether nothing new may begin, because the process is about to go. */
  get closing(): boolean {
    return this.#closing;
  }

  /** Before they are stored, so that whoever sees them stored finds them here. */
  reserve(owner: string, n: number): Reservation {
    return {
      generationId: newId(),
      replies: Array.from({ length: n }, () => this.#chat.live.open(newId(), owner)),
    };
  }

  /**
   * Takes back what was not stored.
   * @param inDoubt the database did not say whether it was: if so, no request was ever made for it.
   */
  release({ generationId, replies }: Reservation, inDoubt: boolean): void {
    for (const { id } of replies) this.#chat.live.close(id);
    if (inDoubt) this.#neverAsked.add(generationId);
  }

  /** Begins to write what was stored. */
  start(reservation: Reservation, task: Task, places: Message[]): Generation {
    const replies = reservation.replies.map((live, choice) => new GeneratedReply(live, places[choice]!));
    const generation = new Generation(this.#chat, task, replies);
    this.#running.set(task.id, generation);
    for (const { id } of replies) this.#byReply.set(id, generation);
    void generation.ended.then(() => this.#forget(generation));
    return generation;
  }

  /** The generation that writes this reply, where this process does. */
  writing(replyId: string): Generation | undefined {
    return this.#byReply.get(replyId);
  }

  /** Ends a generation whose conversation is deleted. The request is closed, and stays in the books. */
  abandon(generationId: string): void {
    this.#running.get(generationId)?.abandon();
  }

  get size(): number {
    return this.#running.size;
  }

  /** Begins nothing new, and lets the replies under way finish, but not for longer than the grace, in milliseconds; what is left is interrupted. */
  async finish(graceMs: number): Promise<void> {
    this.#closing = true;
    const all = () => Promise.all([...this.#running.values()].map(({ ended }) => ended));
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)));
    await Promise.race([all(), grace]);
    clearTimeout(timer);
    for (const generation of this.#running.values()) generation.interrupt();
    await all();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.finish(0);
    for (const timer of this.#timers) clearInterval(timer);
  }

  #forget(generation: Generation): void {
    this.#running.delete(generation.task.id);
    for (const { id } of generation.replies) {
      this.#byReply.delete(id);
      this.#saved.delete(id);
      this.#chat.live.close(id);
    }
  }

  /** A generation whose lease was lost belongs to somebody else: this process stops writing it. */
  async #renewLeases(): Promise<void> {
    const ids = [...this.#running.keys()];
    if (ids.length === 0) return;
    const renewed = await this.#chat.db
      .update(generations)
      .set({ leaseUntil: leaseEnd(this.#chat.settings.LEASE_MS) })
      .where(and(inArray(generations.id, ids), generations.running, heldBy(this.#chat.processId)))
      .returning({ id: generations.id, stop: generations.stop });
    const held = new Map(renewed.map(({ id, stop }) => [id, stop]));
    for (const id of ids) {
      const generation = this.#running.get(id);
      if (!generation) continue;
      const stop = held.get(id);
      if (stop === undefined) generation.interrupt();
      else if (stop !== null) for (const reply of generation.replies) await generation.stop(reply, stop);
    }
  }

  /**
   * Ends what dead processes have left. Not while the database is away, nor until living processes have had the time to
   * renew their leases after it came back.
   */
  async #sweep(): Promise<void> {
    if (Date.now() - this.#troubleAt < this.#chat.settings.LEASE_MS) return;
    await settleAbandoned(this.#chat, { own: [...this.#running.keys()], neverAsked: this.#neverAsked });
  }

  /** Runs at intervals, never twice at the same time. A failure is told and left to the next time. */
  #every(milliseconds: number, work: () => Promise<void>): NodeJS.Timeout {
    let busy = false;
    return setInterval(async () => {
      if (busy) return;
      busy = true;
      await work().catch((error: unknown) => {
        this.#troubleAt = Date.now();
        this.#chat.log.warn({ err: error }, 'the database does not take what it should');
      });
      busy = false;
    }, milliseconds).unref();
  }
}

/** By the database's clock: those of servers differ. */
export function leaseEnd(leaseMs: number) {
  return sql`now() + ${leaseMs} * interval '1 millisecond'`;
}
