// The transaction with which a reply begins: the idempotency key, the user's message, the replies' places, the
// generation and its lease, all or nothing. What stands between the client's request and the call to the chat API is
// what users feel: the statements go out together, in four round trips, or three for a new conversation.
import { and, eq, sql } from 'drizzle-orm';
import type { Transaction } from '../db/open.ts';
import { conversations, generations, messages } from '../db/tables.ts';
import { ConversationBusy, NotFound } from '../failure.ts';
import { globalId, newId } from '../ids.ts';
import type { ReplyRequest } from '../model/request.ts';
import type { Viewer } from '../viewer.ts';
import { activate, activeTurns, childrenUnderWay, FIRST_TURNS, type Turn } from './branch.ts';
import { prepareRequest, type Wish } from './request.ts';
import type { Chat, Conversation, Message } from './chat.ts';
import { leaseEnd, type Reservation } from './generations.ts';
import { claim, type IdempotencyKey, type Sent } from './idempotency.ts';
import type { Context } from './prompt.ts';
import { NO_TITLE, titleOf } from './title.ts';

/** A reply that somebody asks for. Ids are those of the database. */
export interface Order extends Wish {
  viewer: Viewer;
  /** Null: a new conversation begins. */
  conversationId: string | null;
  /** Null: it goes on from the last message of the active branch. */
  parentId: string | null;
  key: IdempotencyKey | undefined;
}

export interface Stored extends Sent {
  request: ReplyRequest;
  context: Context;
}

// Positions are below.
const NONE_BEFORE = 2 ** 31 - 1;

/** The idempotency key was used before: this transaction is rolled back, and the first one's messages are the answer. */
export class Replayed extends Error {}

/** @throws Replayed, NotFound, ConversationBusy, InvalidInput, ContextLengthExceeded, Unavailable */
export function store(chat: Chat, order: Order, reservation: Reservation): Promise<Stored> {
  return chat.transaction(async (tx) => {
    const conversationId = order.conversationId ?? newId();
    const claiming = order.key ? claim(tx, order.key, { conversationId, ...reservation }) : true;
    const opening = order.conversationId
      ? lock(tx, order.viewer, conversationId)
      : begin(tx, order.viewer, conversationId);
    const reading =
      order.conversationId && !order.parentId
        ? activeTurns(tx, conversationId, NONE_BEFORE, FIRST_TURNS)
        : [];
    const [claimed, conversation, newest] = await Promise.all([claiming, opening, reading]);
    if (!claimed) throw new Replayed();
    if (!conversation) throw new NotFound(globalId('Conversation', conversationId));
    const branch = order.parentId ? await branchTo(tx, conversation, order.parentId) : newest;
    await refuseIfBusy(tx, conversation, branch[0]);
    const prepared = await prepare(chat, tx, order, conversation, branch);
    return { ...prepared, ...(await write(chat, tx, order, reservation, conversation, branch[0], prepared)) };
  });
}

async function lock(tx: Transaction, viewer: Viewer, id: string): Promise<Conversation | undefined> {
  const mine = and(eq(conversations.id, id), eq(conversations.owner, viewer.id));
  const [conversation] = await tx.select().from(conversations).where(mine).for('update').execute();
  return conversation;
}

async function begin(tx: Transaction, viewer: Viewer, id: string): Promise<Conversation | undefined> {
  const fresh = { id, owner: viewer.id, title: NO_TITLE, titleGiven: false, settings: {} };
  const [conversation] = await tx.insert(conversations).values(fresh).returning().execute();
  return conversation;
}

/** Makes the branch up to this message the active one. @returns its newest messages, that one first. */
async function branchTo(tx: Transaction, { id, version }: Conversation, messageId: string): Promise<Turn[]> {
  const here = and(eq(messages.id, messageId), eq(messages.conversationId, id));
  const [found] = await tx.select({ id: messages.id }).from(messages).where(here);
  if (!found) throw new NotFound(globalId('Message', messageId));
  await activate(tx, id, messageId, version + 1);
  return activeTurns(tx, id, NONE_BEFORE, FIRST_TURNS);
}

/** A branch that goes on from a reply under way, or beside one under the same message, has to wait. */
async function refuseIfBusy(tx: Transaction, { id }: Conversation, last: Turn | undefined): Promise<void> {
  if (last?.status === 'PENDING') throw new ConversationBusy(last.id);
  if (last?.role !== 'USER') return;
  const [busy] = await childrenUnderWay(tx, id, last.id);
  if (busy) throw new ConversationBusy(busy.id);
}

type Prepared = Pick<Stored, 'request' | 'context'>;

function prepare(
  chat: Chat,
  tx: Transaction,
  order: Order,
  conversation: Conversation,
  branch: Turn[],
): Promise<Prepared> {
  const earlier = (before: number, limit: number) => activeTurns(tx, conversation.id, before, limit);
  return prepareRequest(chat, order, conversation, { newest: branch, earlier });
}

type NewMessage = typeof messages.$inferInsert;

async function write(
  chat: Chat,
  tx: Transaction,
  order: Order,
  reservation: Reservation,
  conversation: Conversation,
  last: Turn | undefined,
  { request: { model }, context }: Prepared,
): Promise<Sent> {
  const question = order.message && questionRow(order.message, conversation, last);
  const places = placeRows(reservation, model, conversation, question ?? last!, question !== null);
  const inserting = tx
    .insert(messages)
    .values([...(question ? [question] : []), ...places])
    .returning()
    .execute();
  const leasing = tx
    .insert(generations)
    .values({
      id: reservation.generationId,
      owner: order.viewer.id,
      conversationId: conversation.id,
      model,
      leaseOwner: chat.processId,
      leaseUntil: leaseEnd(chat.settings.LEASE_MS),
      ...context,
    })
    .execute();
  const updating = grow(tx, conversation, order, places);
  const [rows, [updated]] = await Promise.all([inserting, updating, leasing]);
  const stored = rows.toSorted((a, b) => a.position - b.position);
  const asked = question ? stored.shift()! : await readOne(tx, last!.id);
  return { conversation: updated!, message: asked, replies: stored };
}

function questionRow(
  message: { content: string; tokens: number },
  conversation: Conversation,
  last: Turn | undefined,
) {
  return {
    ...message,
    id: newId(),
    conversationId: conversation.id,
    parentId: last?.id ?? null,
    position: conversation.nextPosition,
    depth: (last?.depth ?? 0) + 1,
    active: true,
    role: 'USER',
    status: 'COMPLETE',
    version: conversation.version + 1,
    completedAt: sql`now()`,
  } as const;
}

/** The first of the replies is the active one. */
function placeRows(
  { generationId, replies }: Reservation,
  model: string,
  conversation: Conversation,
  parent: Pick<Turn, 'id' | 'depth'>,
  afterQuestion: boolean,
): NewMessage[] {
  return replies.map(({ id }, choice) => ({
    id,
    generationId,
    choice,
    model,
    conversationId: conversation.id,
    parentId: parent.id,
    position: conversation.nextPosition + (afterQuestion ? 1 : 0) + choice,
    depth: parent.depth + 1,
    active: choice === 0,
    role: 'ASSISTANT',
    status: 'PENDING',
    content: '',
    tokens: 0,
    version: conversation.version + 1,
  }));
}

function grow(tx: Transaction, conversation: Conversation, { message }: Order, places: NewMessage[]) {
  const isFirst = conversation.nextPosition === 0 && !conversation.titleGiven;
  return tx
    .update(conversations)
    .set({
      version: conversation.version + 1,
      nextPosition: places.at(-1)!.position + 1,
      updatedAt: sql`now()`,
      lastMessageAt: sql`now()`,
      ...(isFirst && message ? { title: titleOf(message.content) } : {}),
    })
    .where(eq(conversations.id, conversation.id))
    .returning()
    .execute();
}

async function readOne(tx: Transaction, id: string): Promise<Message> {
  const [message] = await tx.select().from(messages).where(eq(messages.id, id));
  return message!;
}
