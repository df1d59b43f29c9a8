import { and, asc, desc, eq, isNotNull, isNull, sql, type SQL } from 'drizzle-orm';
import { conversations } from '../db/tables.ts';
import { BadInput } from '../failure.ts';
import { isStorable } from '../text.ts';
import type { Viewer } from '../viewer.ts';
import type { Chat, Conversation } from './chat.ts';
import { pageOf, windowOf, type Keys, type Page, type PageArguments } from '../page.ts';

export interface ListArguments extends PageArguments {
  filter?:
    | { archived?: boolean | null; titleContains?: string | null; model?: string | null }
    | null
    | undefined;
  orderBy?: { field: OrderField; direction: 'ASC' | 'DESC' } | null | undefined;
}

type OrderField = 'CREATED_AT' | 'LAST_MESSAGE_AT' | 'TITLE';

const PAGE_SIZE = 20;

// What each order is by, as a column and as a cursor's key. The id beside it makes the order total.
const orders = {
  CREATED_AT: { column: sql`${conversations.createdAt}`, kind: 'number', read: instantOf },
  LAST_MESSAGE_AT: { column: sql`${conversations.activeAt}`, kind: 'number', read: instantOf },
  TITLE: { column: sql`lower(${conversations.title})`, kind: 'text', read: (key) => sql`${key}` },
} satisfies Record<OrderField, { column: SQL; kind: 'number' | 'text'; read: (key: string | number) => SQL }>;

function instantOf(milliseconds: string | number): SQL {
  return sql`(timestamptz 'epoch' + ${milliseconds} * interval '1 millisecond')`;
}

export interface ConversationPage extends Page<Conversation> {
  /** Counts all that the filter lets through: only where it is asked for. */
  totalCount(): Promise<number>;
}

/** The viewer's conversations, the last active first unless ordered otherwise. @throws BadInput */
export async function listConversations(
  chat: Chat,
  viewer: Viewer,
  args: ListArguments,
): Promise<ConversationPage> {
  const { field, direction } = args.orderBy ?? { field: 'LAST_MESSAGE_AT', direction: 'DESC' };
  const { column, kind, read } = orders[field];
  const scope = ['conversations', viewer.id, field, direction];
  const window = windowOf(args, { scope, keys: [kind, 'id'], pageSize: PAGE_SIZE });
  const filter = filterOf(chat, viewer, args.filter ?? {});
  const descending = (direction === 'DESC') !== window.backward;
  const key = sql`(${column}, ${conversations.id})`;
  const given = ([value, id]: Keys) => sql`(${read(value!)}, ${id}::uuid)`;
  const [beyond, short] = direction === 'DESC' ? [sql`<`, sql`>`] : [sql`>`, sql`<`];
  const rows = await chat.db
    .select({ conversation: conversations, title: sql<string>`lower(${conversations.title})` })
    .from(conversations)
    .where(
      and(
        filter,
        window.after ? sql`${key} ${beyond} ${given(window.after)}` : undefined,
        window.before ? sql`${key} ${short} ${given(window.before)}` : undefined,
      ),
    )
    .orderBy(...[column, conversations.id].map((part) => (descending ? desc(part) : asc(part))))
    .limit(window.limit);
  const keyOf = ({ conversation, title }: (typeof rows)[number]) =>
    ({
      CREATED_AT: conversation.createdAt.getTime(),
      LAST_MESSAGE_AT: conversation.activeAt.getTime(),
      TITLE: title,
    })[field];
  const { edges, pageInfo } = pageOf(rows, window, (row) => [keyOf(row), row.conversation.id]);
  return {
    edges: edges.map(({ cursor, node }) => ({ cursor, node: node.conversation })),
    pageInfo,
    totalCount: () => chat.db.$count(conversations, filter),
  };
}

function filterOf(chat: Chat, viewer: Viewer, filter: NonNullable<ListArguments['filter']>): SQL | undefined {
  const { archived, titleContains, model } = filter;
  for (const text of [titleContains, model]) {
    if (text != null && !isStorable(text))
      throw new BadInput('Text must not hold NUL or half of a surrogate pair.');
  }
  return and(
    eq(conversations.owner, viewer.id),
    archived == null ? undefined : (archived ? isNotNull : isNull)(conversations.archivedAt),
    titleContains == null
      ? undefined
      : sql`position(lower(${titleContains}) in lower(${conversations.title})) > 0`,
    model == null
      ? undefined
      : sql`coalesce(${conversations.model}, ${chat.settings.OPENAI_MODEL}) = ${model}`,
  );
}
