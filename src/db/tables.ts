import { isNotNull, sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';
import type { FinishReason, Role, Settings, StopMode, StoredError, StoredStatus } from './values.ts';

export const conversations = pgTable(
  'conversations',
  {
    id: uuid('id').primaryKey(),
    owner: text('owner').notNull(),
    title: text('title').notNull(),
    /** Whether a client gave the title; if not, it is made from the first user message. */
    titleGiven: boolean('title_given').notNull(),
    systemPrompt: text('system_prompt'),
    /** Null: the server's default model. */
    model: text('model'),
    settings: jsonb('settings').$type<Settings>().notNull(),
    archivedAt: instant('archived_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    lastMessageAt: instant('last_message_at'),
    /** What the list is ordered by: never null, so that it can stand in a cursor. */
    activeAt: instant('active_at')
      .notNull()
      .generatedAlwaysAs(sql`coalesce(last_message_at, created_at)`),
    version: bigint('version', { mode: 'number' }).notNull().default(1),
    /** The position of the next message. Given out under the row's lock, hence dense and unique. */
    nextPosition: integer('next_position').notNull().default(0),
  },
  (t) => [
    index('conversations_by_activity').on(t.owner, t.activeAt, t.id),
    index('conversations_by_creation').on(t.owner, t.createdAt, t.id),
    index('conversations_by_title').on(t.owner, sql`lower(${t.title})`, t.id),
  ],
);

export const messages = pgTable(
  'messages',
  {
    id: uuid('id').primaryKey(),
    conversationId: uuid('conversation_id')
      .notNull()
      .references(() => conversations.id, { onDelete: 'cascade' }),
    /** Null: the first message of a branch that begins the conversation. */
    parentId: uuid('parent_id'),
    /** Order within the conversation; a message's is always above its parent's. */
    position: integer('position').notNull(),
    /** How many messages the branch has up to and with this one. */
    depth: integer('depth').notNull(),
    /** Whether it lies on the active branch, which is thus one range of one index. */
    active: boolean('active').notNull(),
    role: text('role').$type<Role>().notNull(),
    content: text('content').notNull(),
    /** Of the content, by the tokenizer of today's models (o200k_base). */
    tokens: integer('tokens').notNull(),
    refusal: text('refusal'),
    status: text('status').$type<StoredStatus>().notNull(),
    model: text('model'),
    finishReason: text('finish_reason').$type<FinishReason>(),
    error: jsonb('error').$type<StoredError>(),
    /** The request that wrote it, and which of its n choices this is. */
    generationId: uuid('generation_id'),
    choice: smallint('choice').notNull().default(0),
    timeToFirstTokenMs: integer('time_to_first_token_ms'),
    /** The conversation's version when this row last changed. */
    version: bigint('version', { mode: 'number' }).notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    completedAt: instant('completed_at'),
  },
  (t) => [
    uniqueIndex('messages_by_position').on(t.conversationId, t.position),
    index('messages_active_branch')
      .on(t.conversationId, t.position)
      .where(sql`${t.active}`),
    index('messages_by_parent').on(t.conversationId, t.parentId, t.position),
    index('messages_by_version').on(t.conversationId, t.version),
    index('messages_under_way')
      .on(t.conversationId)
      .where(sql`${t.status} = 'PENDING'`),
    index('messages_by_generation').on(t.generationId).where(isNotNull(t.generationId)),
  ],
);

/** One task of having the model reply: n replies, by one request to the chat API, or several where it is retried. */
export const generations = pgTable(
  'generations',
  {
    id: uuid('id').primaryKey(),
    owner: text('owner').notNull(),
    // No foreign key: a generation outlives its conversation, since its usage stays in the books.
    conversationId: uuid('conversation_id').notNull(),
    model: text('model').notNull(),
    running: boolean('running').notNull().default(true),
    /** Set by a server that was asked to stop it, for the one that writes it. */
    stop: text('stop').$type<StopMode>(),
    /** Counts the requests from 1. */
    attempt: smallint('attempt').notNull().default(1),
    /** Whether that request is under way. Written before it is made, so that a crash cannot hide one. */
    asking: boolean('asking').notNull().default(true),
    askedAt: instant('asked_at').notNull().defaultNow(),
    /** The process that writes the replies, for as long as the lease runs. */
    leaseOwner: uuid('lease_owner').notNull(),
    leaseUntil: instant('lease_until').notNull(),
    messagesSent: integer('messages_sent').notNull(),
    messagesDropped: integer('messages_dropped').notNull(),
    promptTokens: integer('prompt_tokens').notNull(),
    contextWindow: integer('context_window'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [
    index('generations_running')
      .on(t.leaseUntil)
      .where(sql`${t.running}`),
    index('generations_of_conversation')
      .on(t.conversationId)
      .where(sql`${t.running}`),
  ],
);

/** The text of a reply under way, as far as it was saved: pieces that follow one another. */
export const checkpoints = pgTable(
  'checkpoints',
  {
    messageId: uuid('message_id')
      .notNull()
      .references(() => messages.id, { onDelete: 'cascade' }),
    /** Where the piece begins in the reply's text, in UTF-16 code units. */
    start: integer('start').notNull(),
    text: text('text').notNull(),
  },
  (t) => [primaryKey({ columns: [t.messageId, t.start] })],
);

export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    owner: text('owner').notNull(),
    key: text('key').notNull(),
    /** Of the input the key first came with. */
    inputHash: text('input_hash').notNull(),
    conversationId: uuid('conversation_id').notNull(),
    generationId: uuid('generation_id').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.owner, t.key] }),
    index('idempotency_keys_by_conversation').on(t.conversationId),
    index('idempotency_keys_by_age').on(t.createdAt),
  ],
);

export { ledger, usageByConversation, usageByOwner } from './usage-tables.ts';
