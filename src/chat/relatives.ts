// Messages by their place in the tree. Each function reads for many at once, by a fixed number of statements.
import { and, asc, eq, inArray, isNull, or, sql } from 'drizzle-orm';
import { messages } from '../db/tables.ts';
import type { Chat, Message } from './chat.ts';
import { seen, type SeenMessage } from './messages.ts';

/** For each message those with the same parent, itself included, oldest first. */
export async function readAlternatives(chat: Chat, of: readonly Message[]): Promise<SeenMessage[][]> {
  const conversations = (list: readonly Message[]) => [
    ...new Set(list.map(({ conversationId }) => conversationId)),
  ];
  const [roots, others] = [
    of.filter(({ parentId }) => parentId === null),
    of.filter(({ parentId }) => parentId !== null),
  ];
  const parents = [...new Set(others.map(({ parentId }) => parentId!))];
  const beside = and(
    inArray(messages.conversationId, conversations(others)),
    inArray(messages.parentId, parents),
  );
  const first = and(inArray(messages.conversationId, conversations(roots)), isNull(messages.parentId));
  const rows = await chat.db
    .select()
    .from(messages)
    .where(or(others.length > 0 ? beside : undefined, roots.length > 0 ? first : undefined))
    .orderBy(asc(messages.position));
  const families = Map.groupBy(await seen(chat, rows), familyOf);
  return of.map((message) => families.get(familyOf(message)) ?? []);
}

export function familyOf({ conversationId, parentId }: Message): string {
  return parentId ?? conversationId;
}

/** For each conversation the replies under way, on any branch, oldest first. */
export async function readActiveReplies(
  chat: Chat,
  conversationIds: readonly string[],
): Promise<SeenMessage[][]> {
  const rows = await chat.db
    .select()
    .from(messages)
    .where(and(inArray(messages.conversationId, [...conversationIds]), eq(messages.status, 'PENDING')))
    .orderBy(asc(messages.position));
  const replies = Map.groupBy(await seen(chat, rows), ({ conversationId }) => conversationId);
  return conversationIds.map((id) =>
    (replies.get(id) ?? []).filter((reply) => !reply.live?.ending && reply.status === 'PENDING'),
  );
}

/** For each conversation the length of its active branch. */
export async function countMessages(chat: Chat, conversationIds: readonly string[]): Promise<number[]> {
  // The depth of the last message, which is one look into the index, however long the branch is.
  const rows = await chat.db.execute<{ id: string; depth: number }>(sql`
    select conversation.id, last.depth
    from unnest(${sql.param([...conversationIds])}::uuid[]) as conversation (id)
    cross join lateral (
      select depth from ${messages} where conversation_id = conversation.id and active order by position desc limit 1
    ) last`);
  const depths = new Map(rows.map(({ id, depth }) => [id, depth]));
  return conversationIds.map((id) => depths.get(id) ?? 0);
}
