import { createHash } from 'node:crypto';
import { and, asc, eq, sql } from 'drizzle-orm';
import type { Db, Transaction } from '../db/open.ts';
import { conversations, idempotencyKeys, messages } from '../db/tables.ts';
import { IdempotencyConflict } from '../failure.ts';
import type { Conversation, Message } from './chat.ts';

/** What a send stored: the conversation, the user's message, and the places of its replies. */
export interface Sent {
  conversation: Conversation;
  message: Message;
  replies: Message[];
}

export interface IdempotencyKey {
  owner: string;
  key: string;
  /** Of all that says what to do, not of how to wait for it. */
  inputHash: string;
}

// How long a key is remembered.
const LIFETIME = sql`interval '24 hours'`;

/** The same for inputs that say the same, in whatever order. What is null was not said. */
export function hashOf(input: object): string {
  return createHash('sha256').update(canonical(input)).digest('base64url');
}

function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  const said = Object.entries(value).filter(([, part]) => part != null);
  const ordered = said.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${ordered.map(([name, part]) => `${JSON.stringify(name)}:${canonical(part)}`).join(',')}}`;
}

/**
 * Takes the key for what this transaction stores. Of many at once the first has it, and the others wait for its commit.
 * @returns false where it was used before.
 */
export async function claim(
  tx: Transaction,
  { owner, key, inputHash }: IdempotencyKey,
  { conversationId, generationId }: { conversationId: string; generationId: string },
): Promise<boolean> {
  const claimed = await tx
    .insert(idempotencyKeys)
    .values({ owner, key, inputHash, conversationId, generationId })
    .onConflictDoUpdate({
      target: [idempotencyKeys.owner, idempotencyKeys.key],
      set: { inputHash, conversationId, generationId, createdAt: sql`now()` },
      setWhere: sql`${idempotencyKeys.createdAt} < now() - ${LIFETIME}`,
    })
    .returning({ key: idempotencyKeys.key })
    .execute();
  return claimed.length > 0;
}

/**
 * What was stored when the key first came.
 * @returns undefined where its conversation has been deleted since.
 * @throws IdempotencyConflict where it came with another input.
 */
export async function replay(db: Db, { owner, key, inputHash }: IdempotencyKey): Promise<Sent | undefined> {
  const [claimed] = await db
    .select({ inputHash: idempotencyKeys.inputHash, conversation: conversations, reply: messages })
    .from(idempotencyKeys)
    .innerJoin(conversations, eq(conversations.id, idempotencyKeys.conversationId))
    .innerJoin(messages, eq(messages.generationId, idempotencyKeys.generationId))
    .where(and(eq(idempotencyKeys.owner, owner), eq(idempotencyKeys.key, key)))
    .limit(1);
  if (!claimed) return undefined;
  if (claimed.inputHash !== inputHash) throw new IdempotencyConflict();
  const { conversation, reply } = claimed;
  const family = await db
    .select()
    .from(messages)
    .where(
      and(
        eq(messages.conversationId, conversation.id),
        sql`(${messages.generationId} = ${reply.generationId} or ${messages.id} = ${reply.parentId})`,
      ),
    )
    .orderBy(asc(messages.position));
  const [message, ...replies] = family;
  return { conversation, message: message!, replies };
}
