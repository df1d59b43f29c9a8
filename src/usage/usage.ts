import { sql, type SQL } from 'drizzle-orm';
import type { ledger, usageByConversation, usageByOwner } from '../db/tables.ts';

/** What requests to the chat API used, as far as they have ended. */
export interface Usage {
  requests: number;
  promptTokens: number;
  /** Part of promptTokens. */
  cachedTokens: number;
  completionTokens: number;
  /** Part of completionTokens. */
  reasoningTokens: number;
  /** Of these, counted by us because the API did not report them. */
  estimatedTokens: number;
  /** Of these, without a known price. */
  unpricedTokens: number;
  /** In US dollars, an exact decimal; null where no price was known. */
  cost: string | null;
}

export const NO_USAGE: Usage = {
  requests: 0,
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  reasoningTokens: 0,
  estimatedTokens: 0,
  unpricedTokens: 0,
  cost: null,
};

/** The columns of a sum over rows of the books. */
export function sumOf(table: typeof ledger | typeof usageByConversation | typeof usageByOwner) {
  const requests = 'requests' in table ? sql`sum(${table.requests})` : sql`count(*)`;
  return {
    requests: number(requests),
    promptTokens: number(sql`sum(${table.promptTokens})`),
    cachedTokens: number(sql`sum(${table.cachedTokens})`),
    completionTokens: number(sql`sum(${table.completionTokens})`),
    reasoningTokens: number(sql`sum(${table.reasoningTokens})`),
    estimatedTokens: number(sql`sum(${table.estimatedTokens})`),
    unpricedTokens: number(sql`sum(${table.unpricedTokens})`),
    cost: sql<string | null>`trim_scale(sum(${table.cost}))`,
  };
}

// PostgreSQL's sums of bigint are numeric, which the driver gives as text. They stay far below 2^53 tokens.
function number(sum: SQL): SQL<number> {
  return sql`coalesce(${sum}, 0)`.mapWith(Number);
}
