import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Db } from '../db/open.ts';
import { generations, ledger, usageByConversation } from '../db/tables.ts';
import { SPANS } from './ledger.ts';
import { NO_USAGE, sumOf, type Usage } from './usage.ts';

// Sums for many at once, each by one statement.

/** All that each conversation has ever used. */
export async function usageOfConversations(db: Db, ids: readonly string[]): Promise<Usage[]> {
  const table = usageByConversation;
  const rows = await db
    .select({ id: table.conversationId, ...sumOf(table) })
    .from(table)
    .where(and(inArray(table.conversationId, [...ids]), eq(table.span, SPANS.at(-1)!)))
    .groupBy(table.conversationId);
  const sums = new Map(rows.map(({ id, ...usage }) => [id, usage]));
  return ids.map((id) => sums.get(id) ?? NO_USAGE);
}

/** What each generation used, with the requests that were made again; null for one that has not ended. */
export async function usageOfGenerations(db: Db, ids: readonly string[]): Promise<(Usage | null)[]> {
  const rows = await db
    .select({ id: generations.id, ...sumOf(ledger), requests: sql`count(${ledger.attempt})`.mapWith(Number) })
    .from(generations)
    .leftJoin(ledger, eq(ledger.generationId, generations.id))
    .where(and(inArray(generations.id, [...ids]), sql`not ${generations.running}`))
    .groupBy(generations.id);
  const sums = new Map(rows.map(({ id, ...usage }) => [id, usage]));
  return ids.map((id) => sums.get(id) ?? null);
}
