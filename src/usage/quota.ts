import { and, eq, sql } from 'drizzle-orm';
import type { Db } from '../db/open.ts';
import { usageByOwner } from '../db/tables.ts';
import type { Viewer } from '../viewer.ts';
import { sumOf } from './usage.ts';

/** What a user may still use today, by UTC. */
export interface Quota {
  tokensUsed: number;
  tokenLimit: number | null;
  /** In US dollars, of what has a known price. */
  costUsed: string;
  costLimit: string | null;
  resetsAt: Date;
}

const TODAY = sql`date_trunc('day', now(), 'UTC')`;

export async function readQuota(db: Db, viewer: Viewer): Promise<Quota> {
  const [used] = await db
    .select({
      ...sumOf(usageByOwner),
      resetsAt: sql`${TODAY} + interval '1 day'`.mapWith(usageByOwner.start),
    })
    .from(usageByOwner)
    .where(and(eq(usageByOwner.owner, viewer.id), eq(usageByOwner.span, 1), eq(usageByOwner.start, TODAY)));
  const { promptTokens, completionTokens, cost, resetsAt } = used!;
  return {
    tokensUsed: promptTokens + completionTokens,
    tokenLimit: null,
    costUsed: cost ?? '0',
    costLimit: null,
    resetsAt,
  };
}
