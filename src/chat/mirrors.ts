import { setTimeout as delay } from 'node:timers/promises';
import { inArray } from 'drizzle-orm';
import { messages } from '../db/tables.ts';
import type { LiveReply } from '../live/reply.ts';
import type { Chat, Message } from './chat.ts';
import { seen } from './messages.ts';

/**
 * Replies under way that this process does not write, for those who follow them here: copies that grow by what their
 * writer saves, until they end. Each is read once, however many follow it.
 */
export class Mirrors {
  readonly #chat: Chat;
  readonly #mirrors = new Map<string, { reply: LiveReply<Message>; message: Message }>();
  #polling = false;

  constructor(chat: Chat) {
    this.#chat = chat;
  }

  /** @param message as read last, with the text saved so far. */
  of(message: Message, owner: string): LiveReply<Message> {
    const known = this.#mirrors.get(message.id);
    if (known) return known.reply;
    const reply = this.#chat.live.detached(message.id, owner, message.content);
    this.#mirrors.set(message.id, { reply, message });
    if (!this.#polling) void this.#poll();
    return reply;
  }

  async #poll(): Promise<void> {
    this.#polling = true;
    while (this.#mirrors.size > 0) {
      await delay(this.#chat.settings.CHECKPOINT_MS, undefined, { ref: false });
      await this.#refresh().catch((error: unknown) => {
        this.#chat.log.warn({ err: error }, 'replies of other processes cannot be read at the moment');
      });
    }
    this.#polling = false;
  }

  async #refresh(): Promise<void> {
    const rows = await this.#chat.db
      .select()
      .from(messages)
      .where(inArray(messages.id, [...this.#mirrors.keys()]));
    const found = new Map((await seen(this.#chat, rows)).map((message) => [message.id, message]));
    for (const [id, { reply, message }] of this.#mirrors) {
      // Its conversation may have been deleted: then it ends with what was seen of it.
      const now = found.get(id) ?? { ...message, content: reply.text.toString(), status: 'STOPPED' as const };
      reply.append(now.content.slice(reply.text.length));
      if (now.status !== 'PENDING') reply.end(now);
      if (reply.ending || reply.followers === 0) this.#mirrors.delete(id);
    }
  }
}
