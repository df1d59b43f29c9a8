import { setTimeout as delay } from 'node:timers/promises';
import { and, eq, sql } from 'drizzle-orm';
import { generations, messages } from '../db/tables.ts';
import type { StopMode } from '../db/values.ts';
import { InvalidInput, NotFound } from '../failure.ts';
import { globalId, idOf } from '../ids.ts';
import type { Viewer } from '../viewer.ts';
import type { Chat, Message } from './chat.ts';
import { readMessage } from './messages.ts';

/**
 * Stops a reply under way, on whichever server writes it. Idempotent: what has ended is returned as it is.
 * @throws NotFound, InvalidInput for a message that no model writes, Unavailable
 */
export async function stopReply(
  chat: Chat,
  viewer: Viewer,
  input: { messageId: string; mode: StopMode },
): Promise<Message> {
  const message = await readMessage(chat, viewer, idOf('Message', input.messageId), input.messageId);
  if (message.role === 'USER') throw new InvalidInput(['messageId'], 'Only a reply can be stopped.');
  return message.status === 'PENDING' ? stopReplyOf(chat, message.id, input.mode) : message;
}

/** Stops a reply and resolves when its end is stored. */
export async function stopReplyOf(chat: Chat, replyId: string, mode: StopMode = 'ABORT'): Promise<Message> {
  const generation = chat.generations.writing(replyId);
  const reply = generation?.replies.find(({ id }) => id === replyId);
  if (generation && reply) await generation.stop(reply, mode);
  else await askWriterToStop(chat, replyId, mode);
  return reply?.live.ending ?? waitForEnd(chat, replyId);
}

/**
 * Resolves with the reply as it was stored when it ended, whoever writes it.
 * @throws NotFound where its conversation is deleted in the meantime
 */
export function replyEnded(chat: Chat, reply: Message): Promise<Message> {
  const live = chat.generations.writing(reply.id)?.replies.find(({ id }) => id === reply.id)?.live;
  return live ? live.ended : waitForEnd(chat, reply.id);
}

/** The server that writes it looks here whenever it renews its lease. */
async function askWriterToStop(chat: Chat, replyId: string, mode: StopMode): Promise<void> {
  const written = sql`(select ${messages.generationId} from ${messages} where ${messages.id} = ${replyId})`;
  await chat.db
    .update(generations)
    .set({ stop: mode })
    .where(and(eq(generations.id, written), generations.running));
}

const POLL_MS = 100;

async function waitForEnd(chat: Chat, replyId: string): Promise<Message> {
  for (;;) {
    const [message] = await chat.db.select().from(messages).where(eq(messages.id, replyId));
    if (!message) throw new NotFound(globalId('Message', replyId));
    if (message.status !== 'PENDING') return message;
    await delay(POLL_MS);
  }
}
