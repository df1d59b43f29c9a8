import { isNotNull, sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type {
  FinishReason,
  RequestOutcome,
  Role,
  Settings,
  StopMode,
  StoredError,
  StoredStatus,
} from './values.ts';

// Times have the millisecond precision of the API's DateTime, because cursors carry them: what a client hands back
// must compare equal to what is stored.
const instant = (name: string) => timestamp(name, { precision: 3, withTimezone: true, mode: 'date' });
const tokens = (name: string) => bigint(name, { mode: 'number' }).notNull();

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

// What a request used. cost is null where the price is not known, and its tokens then count as unpriced.
const amounts = {
  promptTokens: tokens('prompt_tokens'),
  cachedTokens: tokens('cached_tokens'),
  completionTokens: tokens('completion_tokens'),
  reasoningTokens: tokens('reasoning_tokens'),
  estimatedTokens: tokens('estimated_tokens'),
  unpricedTokens: tokens('unpriced_tokens'),
  cost: numeric('cost'),
};

/** The books: one row for every request to the chat API, written when it ended and never changed. */
export const ledger = pgTable(
  'ledger',
  {
    generationId: uuid('generation_id').notNull(),
    attempt: smallint('attempt').notNull(),
    owner: text('owner').notNull(),
    conversationId: uuid('conversation_id').notNull(),
    model: text('model').notNull(),
    outcome: text('outcome').$type<RequestOutcome>().notNull(),
    errorCode: text('error_code'),
    /** The provider's id of the request, for questions to its support. */
    requestId: text('request_id'),
    ...amounts,
    /** The prices applied, in US dollars per million tokens. */
    promptPrice: numeric('prompt_price'),
    cachedPrice: numeric('cached_price'),
    completionPrice: numeric('completion_price'),
    startedAt: instant('started_at').notNull(),
    endedAt: instant('ended_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.generationId, t.attempt] }),
    index('ledger_by_time').on(t.endedAt),
    index('ledger_by_conversation').on(t.conversationId),
  ],
);

/**
 * Sums of the ledger over spans of time that nest: a quarter of an hour (span 0, for the days of any time zone), and 1,
 * 4, 16 and 64 days. A range of days is then a handful of rows, however many requests it holds. `start` is counted in
 * whole spans from 1970-01-01 UTC.
 */
const span = {
  span: smallint('span').notNull(),
  start: instant('start').notNull(),
  requests: tokens('requests'),
  ...amounts,
};

export const usageByConversation = pgTable(
  'usage_by_conversation',
  {
    owner: text('owner').notNull(),
    conversationId: uuid('conversation_id').notNull(),
    model: text('model').notNull(),
    ...span,
  },
  (t) => [
    primaryKey({ name: 'usage_by_conversation_key', columns: [t.conversationId, t.span, t.start, t.model] }),
    index('usage_by_conversation_of_owner').on(t.owner, t.span, t.start),
  ],
);

/** The same without the conversation. Split by shard, so that one user's replies that end together do not queue for one row. */
export const usageByOwner = pgTable(
  'usage_by_owner',
  {
    owner: text('owner').notNull(),
    shard: smallint('shard').notNull(),
    model: text('model').notNull(),
    ...span,
  },
  (t) => [primaryKey({ name: 'usage_by_owner_key', columns: [t.owner, t.span, t.start, t.model, t.shard] })],
);
