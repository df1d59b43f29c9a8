import { sql, type SQL } from 'drizzle-orm';
import type { Transaction } from '../db/open.ts';
import { ledger, usageByConversation, usageByOwner } from '../db/tables.ts';
import type { GenerationErrorCode, RequestOutcome } from '../db/values.ts';
import { priced, type Price } from '../model/prices.ts';
import type { TokenUsage } from '../model/request.ts';

/** One request to the chat API that has ended. */
export interface LedgerEntry {
  generationId: string;
  attempt: number;
  owner: string;
  conversationId: string;
  model: string;
  outcome: RequestOutcome;
  errorCode: GenerationErrorCode | null;
  requestId: string | null;
  startedAt: Date;
  usage: TokenUsage;
  /** Whether the API reported the usage; if not, it was counted here. */
  reported: boolean;
  price: Price | null;
}

/**
 * Writes the row of a request and adds it to all sums, in the transaction that ends the request. The statements are
 * sent together; the books close at every commit.
 */
export async function enter(tx: Transaction, entry: LedgerEntry): Promise<void> {
  const { usage, price, reported, ...facts } = entry;
  const total = usage.promptTokens + usage.completionTokens;
  const amounts = {
    ...usage,
    estimatedTokens: reported ? 0 : total,
    unpricedTokens: price ? 0 : total,
    cost: price ? priced(usage, price) : null,
  };
  const prices = {
    promptPrice: price?.prompt ?? null,
    cachedPrice: price?.cached ?? null,
    completionPrice: price?.completion ?? null,
  };
  const { owner, conversationId, model } = facts;
  const conversation = sql`insert into ${usageByConversation} as sums (owner, conversation_id, model, ${SUM_COLUMNS})
    select ${owner}, ${conversationId}, ${model}, ${sumsOf(amounts)} on conflict on constraint usage_by_conversation_key`;
  const all = sql`insert into ${usageByOwner} as sums (owner, shard, model, ${SUM_COLUMNS})
    select ${owner}, ${shardOf(conversationId)}, ${model}, ${sumsOf(amounts)} on conflict on constraint usage_by_owner_key`;
  await Promise.all([
    tx
      .insert(ledger)
      .values({ ...facts, ...amounts, ...prices })
      .execute(),
    tx.execute(sql`${conversation} ${ADD}`).execute(),
    tx.execute(sql`${all} ${ADD}`).execute(),
  ]);
}

/** The spans of time that sums are kept for, in days; 0 is a quarter of an hour. Each is a whole number of the one before. */
export const SPANS = [0, 1, 4, 16, 64] as const;

/** The beginning of the span in which a moment lies. Spans are counted from 1970-01-01 UTC. */
export function startOfSpan(span: SQL, moment: SQL): SQL {
  return sql`date_bin(case ${span} when 0 then interval '15 minutes' else ${span} * interval '1 day' end, ${moment}, timestamptz 'epoch')`;
}

const SHARDS = 16;

function shardOf(conversationId: string): number {
  return Number.parseInt(conversationId.slice(-2), 16) % SHARDS;
}

type Amounts = TokenUsage & { estimatedTokens: number; unpricedTokens: number; cost: string | null };

const SUM_COLUMNS =
  sql.raw(`span, start, requests, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens,
  estimated_tokens, unpriced_tokens, cost`);

// The spans come in the same order in every transaction, so that two of them never wait for each other's rows.
function sumsOf(amounts: Amounts): SQL {
  return sql`span, ${startOfSpan(sql`span`, sql`now()`)}, 1, ${amounts.promptTokens}, ${amounts.cachedTokens},
    ${amounts.completionTokens}, ${amounts.reasoningTokens}, ${amounts.estimatedTokens}, ${amounts.unpricedTokens},
    ${amounts.cost}::numeric
    from unnest(array[${sql.raw(SPANS.join(', '))}]) as span`;
}

const ADD = sql`do update set
  requests = sums.requests + excluded.requests,
  prompt_tokens = sums.prompt_tokens + excluded.prompt_tokens,
  cached_tokens = sums.cached_tokens + excluded.cached_tokens,
  completion_tokens = sums.completion_tokens + excluded.completion_tokens,
  reasoning_tokens = sums.reasoning_tokens + excluded.reasoning_tokens,
  estimated_tokens = sums.estimated_tokens + excluded.estimated_tokens,
  unpriced_tokens = sums.unpriced_tokens + excluded.unpriced_tokens,
  cost = coalesce(sums.cost + excluded.cost, sums.cost, excluded.cost)`;
