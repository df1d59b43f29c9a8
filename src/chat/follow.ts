import { BadInput, NothingThere } from '../failure.ts';
import { parseGlobalId } from '../ids.ts';
import type { FollowEvent } from '../live/follower.ts';
import type { LiveReply } from '../live/reply.ts';
import type { Viewer } from '../viewer.ts';
import type { Chat, Message } from './chat.ts';
import { readMessages, type SeenMessage } from './messages.ts';

export type ReplyEvent = FollowEvent<Message> & { messageId: string };

/**
 * The text of one reply from an offset on, and then its end: of one under way as it comes, of one that ended a year ago
 * from the database, of one whose server died when that is settled.
 * @param from in UTF-16 code units
 * @throws NothingThere, BadInput
 */
export async function followReply(
  chat: Chat,
  viewer: Viewer,
  { messageId, from }: { messageId: string; from: number },
): Promise<AsyncIterableIterator<ReplyEvent>> {
  if (from < 0) throw new BadInput('An offset is not negative.');
  const parsed = parseGlobalId(messageId);
  if (parsed?.type !== 'Message') throw new NothingThere();
  const reply = await findReply(chat, viewer, parsed.id);
  if (reply.ending && from > reply.text.length) throw new BadInput('The reply has ended before this offset.');
  return named(messageId, reply.follow(from));
}

async function findReply(chat: Chat, viewer: Viewer, id: string): Promise<LiveReply<Message>> {
  const live = chat.live.find(id);
  if (live?.owner === viewer.id) return live;
  const [message] = await readMessages(chat, viewer, [id]);
  if (!message) throw new NothingThere();
  if (message.role === 'USER') throw new BadInput('Only a reply can be followed.');
  return (
    message.live ??
    (message.status === 'PENDING' ? chat.mirrors.of(message, viewer.id) : ended(chat, viewer, message))
  );
}

function ended(chat: Chat, viewer: Viewer, message: SeenMessage): LiveReply<Message> {
  const reply = chat.live.detached(message.id, viewer.id, message.content);
  reply.end(message);
  return reply;
}

function named(
  messageId: string,
  events: AsyncIterableIterator<FollowEvent<Message>>,
): AsyncIterableIterator<ReplyEvent> {
  const name = (result: IteratorResult<FollowEvent<Message>>): IteratorResult<ReplyEvent> =>
    result.done ? result : { done: false, value: { ...result.value, messageId } };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: async () => name(await events.next()),
    return: async () => name(await events.return!()),
  };
}
