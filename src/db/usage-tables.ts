import { bigint, index, numeric, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';
import type { RequestOutcome } from './values.ts';

const tokens = (name: string) => bigint(name, { mode: 'number' }).notNull();

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
