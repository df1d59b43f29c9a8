// The messages of a conversation are a tree; its active branch is marked on the rows, so that reading it is one range of
// one index and only a switch of branches, which is rare, costs an update.
import { and, desc, eq, lt, sql, type SQL } from 'drizzle-orm';
import type { Transaction } from '../db/open.ts';
import { messages } from '../db/tables.ts';
import type { Message } from './chat.ts';

/** A message of the branch that a reply goes on from, as the prompt needs it. */
export type Turn = Pick<
  Message,
  'id' | 'parentId' | 'position' | 'depth' | 'role' | 'status' | 'content' | 'tokens'
>;

const turn = {
  id: messages.id,
  parentId: messages.parentId,
  position: messages.position,
  depth: messages.depth,
  role: messages.role,
  status: messages.status,
  content: messages.content,
  tokens: messages.tokens,
};

/** So many are read at first: most conversations are shorter. */
export const FIRST_TURNS = 200;

/** The newest messages of the active branch before a position, the last one first. */
export function activeTurns(
  tx: Transaction,
  conversationId: string,
  before: number,
  limit: number,
): Promise<Turn[]> {
  return tx
    .select(turn)
    .from(messages)
    .where(and(eq(messages.conversationId, conversationId), messages.active, lt(messages.position, before)))
    .orderBy(desc(messages.position))
    .limit(limit)
    .execute();
}

/** The same for the branch that ends at any message, active or not. */
export async function turnsUpTo(
  tx: Transaction,
  conversationId: string,
  messageId: string,
  before: number,
  limit: number,
): Promise<Turn[]> {
  const path = pathTo(conversationId, messageId);
  const onPath = sql`${messages.id} in (${path} select id from path where not active)`;
  const shared = sql`${messages.active} and ${messages.position} <= (${path} select position from path where active)`;
  const own = and(eq(messages.conversationId, conversationId), lt(messages.position, before));
  const select = (where: SQL) =>
    tx.select(turn).from(messages).where(and(own, where)).orderBy(desc(messages.position)).limit(limit);
  const [apart, common] = await Promise.all([select(onPath).execute(), select(shared).execute()]);
  return [...apart, ...common].slice(0, limit);
}

/** From a message upwards to the first one that is active already: where its branch and the active one part. */
function pathTo(conversationId: string, messageId: string): SQL {
  return sql`
    with recursive path as (
      select id, parent_id, position, active from messages where conversation_id = ${conversationId} and id = ${messageId}
      union all
      select parent.id, parent.parent_id, parent.position, parent.active
      from path join messages parent on parent.id = path.parent_id
      where not path.active
    )`;
}

/**
 * Makes the branch that ends at this message the active one, under the conversation's lock. Touches only the rows in
 * which the two branches differ, and gives them the version.
 */
export async function activate(
  tx: Transaction,
  conversationId: string,
  messageId: string,
  version: number,
): Promise<void> {
  const path = pathTo(conversationId, messageId);
  await tx.execute(sql`${path}
    update ${messages} set active = false, version = ${version}
    where conversation_id = ${conversationId} and active
      and position > coalesce((select position from path where active), -1)`);
  await tx.execute(sql`${path}
    update ${messages} set active = true, version = ${version} where id in (select id from path where not active)`);
}

/** Whether a reply is being written as a child of this message. */
export function childrenUnderWay(
  tx: Transaction,
  conversationId: string,
  parentId: string,
): Promise<Message[]> {
  return tx
    .select()
    .from(messages)
    .where(
      and(
        eq(messages.conversationId, conversationId),
        eq(messages.parentId, parentId),
        eq(messages.status, 'PENDING'),
      ),
    );
}

/** What a conversation is about, where nobody has named it. */
export async function firstUserText(tx: Transaction, conversationId: string): Promise<string | undefined> {
  const [first] = await tx
    .select({ content: messages.content })
    .from(messages)
    .where(and(eq(messages.conversationId, conversationId), eq(messages.role, 'USER')))
    .orderBy(messages.position)
    .limit(1);
  return first?.content;
}
