import { and, asc, desc, sql } from 'drizzle-orm';
import { messages } from '../db/tables.ts';
import type { Chat } from './chat.ts';
import { seen, type SeenMessage } from './messages.ts';
import { pageOf, windowOf, type Page, type PageArguments, type Window } from '../page.ts';

export type MessagePage = Page<SeenMessage>;

// A whole conversation, as most are: who asks for less says so.
const PAGE_SIZE = 100;

/** The part of a conversation's active branch that the arguments speak of. @throws BadInput */
export function messageWindow(conversationId: string, args: PageArguments): Window {
  return windowOf(args, { scope: ['messages', conversationId], keys: ['number'], pageSize: PAGE_SIZE });
}

export interface Wanted {
  id: string;
  window: Window;
}

/** Pages of the active branches of many conversations, by one statement: their windows differ in nothing but the cursors. */
export async function readMessagePages(chat: Chat, wanted: readonly Wanted[]): Promise<MessagePage[]> {
  const { backward, limit, after, before } = wanted[0]!.window;
  const page = chat.db
    .select()
    .from(messages)
    .where(
      and(
        sql`${messages.conversationId} = conversation.id`,
        messages.active,
        after ? sql`${messages.position} > ${after[0]}` : undefined,
        before ? sql`${messages.position} < ${before[0]}` : undefined,
      ),
    )
    .orderBy(backward ? desc(messages.position) : asc(messages.position))
    .limit(limit)
    .as('page');
  const rows = await chat.db
    .select()
    .from(sql`unnest(${sql.param(wanted.map(({ id }) => id))}::uuid[]) as conversation (id)`)
    .crossJoinLateral(page);
  const byConversation = Map.groupBy(
    await seen(
      chat,
      rows.map((row) => row.page),
    ),
    (row) => row.conversationId,
  );
  return wanted.map(({ id, window }) =>
    pageOf(byConversation.get(id) ?? [], window, ({ position }) => [position]),
  );
}

/** What two windows must have in common to be read together. */
export function shapeOf({ backward, limit, after, before }: Window): string {
  return JSON.stringify([backward, limit, after, before]);
}
