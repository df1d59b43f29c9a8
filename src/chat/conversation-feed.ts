// All that changes in a conversation, without a log of events: every row carries the version of its last change, and who
// comes back reads the rows above the version that they know.
import { and, asc, eq, sql } from 'drizzle-orm';
import { conversations, messages } from '../db/tables.ts';
import { NothingThere } from '../failure.ts';
import { globalId, parseGlobalId } from '../ids.ts';
import { Feed } from '../live/feed.ts';
import type { Follower } from '../live/follower.ts';
import type { Viewer } from '../viewer.ts';
import type { Chat, Conversation, Message } from './chat.ts';
import { liveReplyOf, type ReplyEvent } from './follow.ts';
import { seen, statusOf, type SeenMessage } from './messages.ts';
import { readActiveReplies } from './relatives.ts';

/**
 * `version` is where a client goes on from after this event: all changes up to it have been told. While there are more
 * to tell at once, it is therefore below the versions of what is told.
 */
export type ConversationEvent =
  | { type: 'conversation'; version: number; conversation: Conversation }
  | { type: 'message'; version: number; message: SeenMessage }
  | Extract<ReplyEvent, { type: 'chunk' }>
  | { type: 'deleted'; conversationId: string };

/**
 * First the conversation itself and every message changed since `after`, then the text of the replies under way, then
 * what comes.
 * @param after the version that the client knows; null where it knows nothing
 * @throws NothingThere
 */
export async function watchConversation(
  chat: Chat,
  viewer: Viewer,
  { conversationId, after }: { conversationId: string; after?: number | null },
): Promise<AsyncIterableIterator<ConversationEvent>> {
  const parsed = parseGlobalId(conversationId);
  if (parsed?.type !== 'Conversation') throw new NothingThere();
  const feed = new ConversationFeed(chat, viewer, parsed.id, after ?? 0);
  try {
    if (!(await feed.look())) throw new NothingThere();
    return feed;
  } catch (error) {
    await feed.return();
    throw error;
  }
}

// Rows that are read at once; a long history comes in many such steps, as fast as the client reads.
const STEP = 100;

class ConversationFeed extends Feed<ConversationEvent> {
  readonly #chat: Chat;
  readonly #viewer: Viewer;
  readonly #id: string;
  readonly #unwatch: () => void;
  readonly #followers = new Map<string, Follower<Message>>();
  #queue: ConversationEvent[] = [];
  /** The last message that was read, in the order of versions. */
  #at: { version: number; position: number };
  #toldConversation = -1;
  #stale = false;
  #deleted = false;
  #wake: (() => void) | undefined;

  constructor(chat: Chat, viewer: Viewer, id: string, after: number) {
    super();
    this.#chat = chat;
    this.#viewer = viewer;
    this.#id = id;
    this.#at = { version: after, position: Infinity };
    // Before the first look, so that nothing falls between the two.
    this.#unwatch = chat.changes.watch(id, () => {
      this.#stale = true;
      this.#wake?.();
    });
  }

  protected async take(): Promise<ConversationEvent | 'wait' | 'done'> {
    for (;;) {
      const event = this.#queue.shift();
      if (event) return event;
      if (this.#deleted) return 'done';
      const chunk = this.#stale ? undefined : this.#chunk();
      if (chunk) return chunk;
      if (!this.#stale) return 'wait';
      if (!(await this.look())) {
        this.#deleted = true;
        return { type: 'deleted', conversationId: globalId('Conversation', this.#id) };
      }
    }
  }

  /** Reads the next step of what has changed. @returns false where the conversation is not there. */
  async look(): Promise<boolean> {
    this.#stale = false;
    const mine = and(eq(conversations.id, this.#id), eq(conversations.owner, this.#viewer.id));
    // The conversation first: whatever its version counts is then among the messages.
    const [conversation] = await this.#chat.db.select().from(conversations).where(mine);
    if (!conversation) return false;
    const rows = await this.#changedMessages();
    const under = rows.length < STEP ? await readActiveReplies(this.#chat, [this.#id]) : [[]];
    const changed = await seen(this.#chat, rows);
    this.#enqueue(conversation, changed);
    // What has begun since the changes were read is told by the next look, before any of its text.
    this.#follow([...changed, ...under[0]!.filter(({ version }) => version <= this.#at.version)]);
    if (rows.length === STEP) this.#stale = true;
    return true;
  }

  #changedMessages(): Promise<Message[]> {
    const { version, position } = this.#at;
    const above =
      position === Infinity
        ? sql`${messages.version} > ${version}`
        : sql`(${messages.version}, ${messages.position}) > (${version}, ${position})`;
    return this.#chat.db
      .select()
      .from(messages)
      .where(and(eq(messages.conversationId, this.#id), above))
      .orderBy(asc(messages.version), asc(messages.position))
      .limit(STEP);
  }

  #enqueue(conversation: Conversation, changed: SeenMessage[]): void {
    const more = changed.length === STEP;
    const last = changed.at(-1);
    if (conversation.version !== this.#toldConversation) {
      this.#toldConversation = conversation.version;
      const version = changed.length > 0 ? this.#toldBefore(changed[0]!) : conversation.version;
      this.#queue.push({ type: 'conversation', version, conversation });
    }
    changed.forEach((message, index) => {
      const next = changed[index + 1];
      const version = next
        ? this.#toldBefore(next)
        : more
          ? message.version - 1
          : Math.max(message.version, conversation.version);
      this.#queue.push({ type: 'message', version, message });
    });
    if (more) this.#at = { version: last!.version, position: last!.position };
    else
      this.#at = {
        version: Math.max(this.#at.version, conversation.version, last?.version ?? 0),
        position: Infinity,
      };
  }

  /** All changes of lower versions have been told before this one. */
  #toldBefore({ version }: SeenMessage): number {
    return version - 1;
  }

  /** Follows the replies under way from their beginning, since nobody knows how far the client has come. */
  #follow(candidates: SeenMessage[]): void {
    for (const message of candidates) {
      const underWay = message.role === 'ASSISTANT' && ['PENDING', 'STREAMING'].includes(statusOf(message));
      const known = this.#followers.get(message.id);
      if (underWay && !known)
        this.#followers.set(message.id, liveReplyOf(this.#chat, this.#viewer, message).follow(0));
      // Its end is told with the whole text: no piece of it may come after that.
      if (!underWay && known) this.#drop(message.id, known);
    }
  }

  #chunk(): ConversationEvent | undefined {
    for (const [id, follower] of this.#followers) {
      const event = follower.take();
      if (event?.type === 'chunk' && event.text !== '') {
        // To the end of the line, so that each has its turn.
        this.#followers.delete(id);
        this.#followers.set(id, follower);
        return { ...event, messageId: globalId('Message', id) };
      }
      if (event?.type !== 'end') continue;
      this.#drop(id, follower);
      this.#stale = true; // The end itself is told as a change of the message.
    }
    return undefined;
  }

  #drop(id: string, follower: Follower<Message>): void {
    follower.leave();
    this.#followers.delete(id);
  }

  protected park(wake: () => void): () => void {
    this.#wake = wake;
    const back = [...this.#followers.values()].map((follower) => follower.park(wake));
    if (this.#stale) wake();
    return () => {
      for (const undo of back) undo();
    };
  }

  protected leave(): void {
    this.#unwatch();
    for (const follower of this.#followers.values()) follower.leave();
  }
}
