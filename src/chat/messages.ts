import { and, eq, getTableColumns, inArray, sql } from 'drizzle-orm';
import { checkpoints, conversations, messages } from '../db/tables.ts';
import { NotFound } from '../failure.ts';
import type { LiveReply } from '../live/reply.ts';
import type { Viewer } from '../viewer.ts';
import type { Chat, Message } from './chat.ts';

/** A message as it is seen: its row, and while this process writes it, its live text. */
export interface SeenMessage extends Message {
  live?: LiveReply<Message> | undefined;
}

export type MessageStatus = 'PENDING' | 'STREAMING' | 'COMPLETE' | 'STOPPED' | 'FAILED';

/** The row as it is now: a reply may have ended since it was read. */
export function latest(message: SeenMessage): Message {
  return message.live?.ending ?? message;
}

/** The whole text, or of a reply under way the text so far. */
export function contentOf(message: SeenMessage): string {
  const { live } = message;
  return live && !live.ending ? live.text.toString() : latest(message).content;
}

export function statusOf(message: SeenMessage): MessageStatus {
  const { status, content } = latest(message);
  if (status !== 'PENDING') return status;
  return content !== '' || (message.live && message.live.text.length > 0) ? 'STREAMING' : 'PENDING';
}

/**
 * Joins rows with what is known of the replies among them that are under way. Those that another server writes are read
 * once more, with the text that it saved last: they may have ended in between.
 */
export async function seen(chat: Chat, rows: Message[]): Promise<SeenMessage[]> {
  const joined: SeenMessage[] = rows.map((row) =>
    row.status === 'PENDING' ? { ...row, live: chat.live.find(row.id) } : row,
  );
  const elsewhere = joined.filter(({ status, live }) => status === 'PENDING' && !live).map(({ id }) => id);
  if (elsewhere.length === 0) return joined;
  const text = sql<string>`coalesce((select string_agg(${checkpoints.text}, '' order by ${checkpoints.start})
    from ${checkpoints} where ${checkpoints.messageId} = ${messages.id}), ${messages.content})`;
  const again = await chat.db
    .select({ ...getTableColumns(messages), content: text })
    .from(messages)
    .where(inArray(messages.id, elsewhere));
  const byId = new Map(again.map((row) => [row.id, row]));
  return joined.map((message) => byId.get(message.id) ?? message);
}

/** The viewer's messages with these ids; undefined in place of one that does not exist or is not theirs. */
export async function readMessages(
  chat: Chat,
  viewer: Viewer,
  ids: readonly string[],
): Promise<(SeenMessage | undefined)[]> {
  const rows = await chat.db
    .select({ message: messages })
    .from(messages)
    .innerJoin(conversations, eq(conversations.id, messages.conversationId))
    .where(and(inArray(messages.id, [...ids]), eq(conversations.owner, viewer.id)));
  const found = new Map(
    (
      await seen(
        chat,
        rows.map(({ message }) => message),
      )
    ).map((message) => [message.id, message]),
  );
  return ids.map((id) => found.get(id));
}

/** @param as the id as the client gave it. @throws NotFound */
export async function readMessage(chat: Chat, viewer: Viewer, id: string, as: string): Promise<SeenMessage> {
  const [message] = await readMessages(chat, viewer, [id]);
  if (!message) throw new NotFound(as);
  return message;
}
