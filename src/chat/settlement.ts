// How a generation ends: in one transaction the texts, the ledger's row, all sums and the conversation's version. Always
// the conversation is locked first, here as in every other transaction, so that no two of them wait for each other.
import { and, eq, inArray, sql, type SQL } from 'drizzle-orm';
import type { Transaction } from '../db/open.ts';
import { checkpoints, conversations, generations, messages } from '../db/tables.ts';
import type { FinishReason, StoredError, StoredStatus } from '../db/values.ts';
import { enter, type LedgerEntry } from '../usage/ledger.ts';
import type { Chat, Message } from './chat.ts';

/** The end of one reply. */
export interface ReplyEnd {
  id: string;
  status: Exclude<StoredStatus, 'PENDING'>;
  content: string;
  tokens: number;
  refusal: string | null;
  finishReason: FinishReason | null;
  error: StoredError | null;
  timeToFirstTokenMs: number | null;
}

/** Somebody else has ended the generation, or taken it over: this process must not write for it any more. */
export class LostLease extends Error {}

/** Which generation, and who may end it. */
export interface Claim {
  generationId: string;
  conversationId: string;
  /** On the generation's row, for instance that this process still holds the lease. */
  holds: SQL;
}

/** What may be said of a generation by the process that writes it, as long as it holds the lease. */
export function heldBy(processId: string): SQL {
  return sql`${generations.leaseOwner} = ${processId}`;
}

/**
 * Ends replies before their generation has ended: someone stopped them, while others are written on, or the stream is
 * read on for its usage.
 * @throws LostLease, Unavailable
 */
export function endReplies(chat: Chat, claim: Claim, ends: ReplyEnd[]): Promise<Message[]> {
  return chat.transaction(async (tx) => {
    const writing = writeEnds(tx, claim.conversationId, ends);
    const holding = tx
      .select({ id: generations.id })
      .from(generations)
      .where(still(claim))
      .for('update')
      .execute();
    const [ended, held] = await Promise.all([writing, holding]);
    if (held.length === 0) throw new LostLease();
    return ended;
  });
}

/** The end of a generation. */
export interface Ending {
  /** Of the replies that had not ended before. */
  ends: ReplyEnd[];
  /** Of the last request; undefined where none was under way. */
  entry: LedgerEntry | undefined;
}

/**
 * Ends a generation.
 * @param ending and `early`: the replies that ended before it, whose usage is known only now
 * @returns the replies that end with it as they are stored; without those whose conversation is deleted.
 * @throws LostLease, Unavailable
 */
export function settle(chat: Chat, claim: Claim, ending: Ending & { early: string[] }): Promise<Message[]> {
  const { ends, entry, early } = ending;
  return chat.transaction(async (tx) => {
    const writing = writeEnds(tx, claim.conversationId, ends, early);
    const release = tx
      .update(generations)
      .set({ running: false })
      .where(still(claim))
      .returning({ id: generations.id });
    const [ended, released] = await Promise.all([writing, release.execute(), entry && enter(tx, entry)]);
    if (released.length === 0) throw new LostLease();
    return ended;
  });
}

/**
 * Writes down a request that failed and may be made once more.
 * @throws LostLease, Unavailable
 */
export function recordAttempt(chat: Chat, claim: Claim, entry: LedgerEntry): Promise<void> {
  return chat.transaction(async (tx) => {
    const attempt = tx
      .update(generations)
      .set({ asking: false })
      .where(still(claim))
      .returning({ id: generations.id });
    const [noted] = await Promise.all([attempt.execute(), enter(tx, entry)]);
    if (noted.length === 0) throw new LostLease();
  });
}

/**
 * Says that the next request is about to be made.
 * @throws LostLease, Unavailable
 */
export async function beginAttempt(chat: Chat, claim: Claim): Promise<void> {
  const begun = await chat.db
    .update(generations)
    .set({ attempt: sql`${generations.attempt} + 1`, asking: true, askedAt: sql`now()` })
    .where(still(claim))
    .returning({ id: generations.id });
  if (begun.length === 0) throw new LostLease();
}

/** The replies of a generation as they are stored. */
export function readReplies(chat: Chat, generationId: string): Promise<Message[]> {
  return chat.db
    .select()
    .from(messages)
    .where(eq(messages.generationId, generationId))
    .orderBy(messages.position);
}

function still({ generationId, holds }: Claim): SQL | undefined {
  return and(eq(generations.id, generationId), generations.running, holds);
}

// The statements go out together and run in the order of these lines: the conversation's lock comes first. Of a
// conversation that was deleted there is nothing to update, which is no fault.
async function writeEnds(
  tx: Transaction,
  conversationId: string,
  ends: ReplyEnd[],
  changed: string[] = [],
): Promise<Message[]> {
  if (ends.length + changed.length === 0) return [];
  const version = sql`(select version from ${conversations} where id = ${conversationId})`;
  const locked = tx
    .update(conversations)
    .set({ version: sql`version + 1`, updatedAt: sql`now()` })
    .where(eq(conversations.id, conversationId))
    .execute();
  const updates = ends.map(({ id, ...end }) =>
    tx
      .update(messages)
      .set({ ...end, version, completedAt: sql`now()` })
      // What has ended stays as it is.
      .where(and(eq(messages.id, id), eq(messages.status, 'PENDING')))
      .returning()
      .execute(),
  );
  const ids = ends.map(({ id }) => id);
  const cleared = tx.delete(checkpoints).where(inArray(checkpoints.messageId, ids)).execute();
  const touched =
    changed.length > 0 && tx.update(messages).set({ version }).where(inArray(messages.id, changed)).execute();
  const [ended] = await Promise.all([Promise.all(updates), locked, cleared, touched]);
  return ended.flat();
}
