import { and, eq } from 'drizzle-orm';
import { conversations, messages } from '../db/tables.ts';
import type { Settings } from '../db/values.ts';
import { ConversationBusy, NotFound, Unavailable } from '../failure.ts';
import { idOf } from '../ids.ts';
import { countTokens } from '../model/tokens.ts';
import type { Viewer } from '../viewer.ts';
import type { Chat } from './chat.ts';
import { hashOf, replay, type IdempotencyKey, type Sent } from './idempotency.ts';
import { replyEnded, stopReplyOf } from './stop.ts';
import { Replayed, store, type Order } from './store.ts';

/** How to wait, and for what. */
interface Manner {
  stream: boolean;
  ifBusy: 'REJECT' | 'INTERRUPT';
  idempotencyKey?: string | null;
}

export interface SendInput extends Manner {
  conversationId?: string | null;
  parentId?: string | null;
  content: string;
  model?: string | null;
  settings?: Settings | null;
  n: number;
}

export interface RegenerateInput extends Manner {
  messageId: string;
  model?: string | null;
  settings?: Settings | null;
}

/**
 * Stores the user's message and the places of the replies, in one transaction, and has them written. Resolves when that
 * is stored, or with `stream: false` when the replies have ended.
 * @throws InvalidInput, NotFound, ConversationBusy, ContextLengthExceeded, IdempotencyConflict, Unavailable: nothing is
 * stored then.
 */
export async function sendMessage(chat: Chat, viewer: Viewer, input: SendInput): Promise<Sent> {
  chat.check(input);
  const { content, model, settings, n } = input;
  return carryOut(chat, input, {
    viewer,
    model,
    settings,
    n,
    conversationId: input.conversationId == null ? null : idOf('Conversation', input.conversationId),
    parentId: input.parentId == null ? null : idOf('Message', input.parentId),
    message: { content, tokens: await countTokens(content) },
    key: keyOf(viewer, 'sendMessage', input),
  });
}

/** The same for one more reply to a message of the user's; see sendMessage. */
export async function regenerateReply(chat: Chat, viewer: Viewer, input: RegenerateInput): Promise<Sent> {
  chat.check(input);
  const { model, settings } = input;
  const place = await placeToRegenerate(chat, viewer, input.messageId);
  const key = keyOf(viewer, 'regenerateReply', input);
  return carryOut(chat, input, { viewer, model, settings, key, ...place, message: null, n: 1 });
}

async function carryOut(chat: Chat, { stream, ifBusy }: Manner, order: Order): Promise<Sent> {
  const sent = await placeOrder(chat, order, ifBusy);
  if (stream) return sent;
  const replies = await Promise.all(sent.replies.map((reply) => replyEnded(chat, reply)));
  return { ...sent, replies };
}

/** Stores the order, has it carried out, and where a reply under way is in its place does what the client said. */
async function placeOrder(chat: Chat, order: Order, ifBusy: Manner['ifBusy']): Promise<Sent> {
  for (;;) {
    if (chat.generations.closing) throw new Unavailable('This server is shutting down.');
    const reservation = chat.generations.reserve(order.viewer.id, order.n);
    try {
      const { request, context, ...sent } = await store(chat, order, reservation);
      const { promptTokens } = context;
      const task = {
        id: reservation.generationId,
        owner: order.viewer.id,
        conversationId: sent.conversation.id,
      };
      chat.generations.start(reservation, { ...task, request, promptTokens }, sent.replies);
      chat.changes.announce(sent.conversation.id);
      return sent;
    } catch (error) {
      chat.generations.release(reservation, error instanceof Unavailable);
      const replayed = error instanceof Replayed ? await replay(chat.db, order.key!) : undefined;
      if (replayed) return replayed;
      if (error instanceof Replayed) continue; // Its conversation was deleted in the meantime, and the key with it.
      if (!(error instanceof ConversationBusy) || ifBusy === 'REJECT') throw error;
      await stopReplyOf(chat, error.replyId);
    }
  }
}

async function placeToRegenerate(chat: Chat, viewer: Viewer, messageId: string) {
  const mine = and(eq(messages.id, idOf('Message', messageId)), eq(conversations.owner, viewer.id));
  const [found] = await chat.db
    .select({
      id: messages.id,
      parentId: messages.parentId,
      role: messages.role,
      conversationId: messages.conversationId,
    })
    .from(messages)
    .innerJoin(conversations, eq(conversations.id, messages.conversationId))
    .where(mine);
  if (!found) throw new NotFound(messageId);
  return {
    conversationId: found.conversationId,
    parentId: found.role === 'USER' ? found.id : found.parentId,
  };
}

/** A key goes with all that says what to do, but not with how to wait for it. */
function keyOf(
  { id: owner }: Viewer,
  mutation: string,
  input: SendInput | RegenerateInput,
): IdempotencyKey | undefined {
  const { idempotencyKey: key, stream: _, ifBusy: __, ...rest } = input;
  return key == null ? undefined : { owner, key, inputHash: hashOf({ mutation, ...rest }) };
}
