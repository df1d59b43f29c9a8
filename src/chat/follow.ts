import { BadInput, NothingThere } from '../failure.ts';
import { parseGlobalId } from '../ids.ts';
import { Feed } from '../live/feed.ts';
import type { Follower, FollowEvent } from '../live/follower.ts';
import type { LiveReply } from '../live/reply.ts';
import type { Viewer } from '../viewer.ts';
import type { Chat, Message } from './chat.ts';
import { readMessages, type SeenMessage } from './messages.ts';

/** @see FollowEvent. The id is the global one. */
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
  return new ReplyFeed(messageId, reply.follow(from));
}

async function findReply(chat: Chat, viewer: Viewer, id: string): Promise<LiveReply<Message>> {
  const live = chat.live.find(id);
  if (live?.owner === viewer.id) return live;
  const [message] = await readMessages(chat, viewer, [id]);
  if (!message) throw new NothingThere();
  if (message.role === 'USER') throw new BadInput('Only a reply can be followed.');
  return liveReplyOf(chat, viewer, message);
}

/** The reply as something to follow, wherever and whenever it is or was written. */
export function liveReplyOf(chat: Chat, viewer: Viewer, message: SeenMessage): LiveReply<Message> {
  if (message.live) return message.live;
  if (message.status === 'PENDING') return chat.mirrors.of(message, viewer.id);
  const reply = chat.live.detached(message.id, viewer.id, message.content);
  reply.end(message);
  return reply;
}

class ReplyFeed extends Feed<ReplyEvent> {
  readonly #messageId: string;
  readonly #follower: Follower<Message>;

  constructor(messageId: string, follower: Follower<Message>) {
    super();
    this.#messageId = messageId;
    this.#follower = follower;
  }

  protected take(): ReplyEvent | 'wait' | 'done' {
    const event = this.#follower.take();
    if (event) return { ...event, messageId: this.#messageId };
    return this.#follower.done ? 'done' : 'wait';
  }

  protected park(wake: () => void): () => void {
    return this.#follower.park(wake);
  }

  protected leave(): void {
    this.#follower.leave();
  }
}
