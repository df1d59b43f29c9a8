import { sql, type SQL } from 'drizzle-orm';
import { Temporal } from 'temporal-polyfill';
import type { Db } from '../db/open.ts';
import { usageByConversation, usageByOwner } from '../db/tables.ts';
import { BadInput } from '../failure.ts';
import { cover, type Piece } from './spans.ts';
import type { Usage } from './usage.ts';

export type Dimension = 'DAY' | 'MODEL' | 'CONVERSATION' | 'USER';
export type UsageOrder = 'COST_DESC' | 'TOKENS_DESC' | 'REQUESTS_DESC' | 'DAY_ASC' | 'DAY_DESC';

/** What to report. */
export interface ReportQuery {
  /** Days of the time zone, both included. The last 30 by default. */
  from: string | null;
  to: string | null;
  timeZone: string;
  groupBy: readonly Dimension[];
  /** Null: everybody's. */
  owner: string | null;
  conversationId: string | null;
  model: string | null;
  orderBy: UsageOrder;
}

/** One row of a report; a dimension that was not grouped by is null. */
export interface ReportRow {
  day: string | null;
  model: string | null;
  conversationId: string | null;
  owner: string | null;
  usage: Usage;
  /** What its place in the order is by. */
  rank: string;
}

export interface Report {
  rows: ReportRow[];
  /** Over all rows, not only those that were read. */
  totals: Usage;
}

/** Where a page of a report begins: after this row. */
export type ReportPosition = Pick<ReportRow, 'rank' | 'day' | 'model' | 'conversationId' | 'owner'>;

const DEFAULT_DAYS = 30;
const MAX_DAYS = 3660;

/**
 * Reads a page of a report from the sums over spans of time. Its cost grows with the conversations and the days that it
 * tells apart, not with the requests that they hold.
 * @throws BadInput
 */
export async function readReport(
  db: Db,
  query: ReportQuery,
  limit: number,
  after: ReportPosition | null,
): Promise<Report> {
  const [row, ...more] = await db.execute<Columns>(statementOf(query, limit, after));
  const rows = [row!, ...more].filter(({ rank }) => rank !== null);
  return { rows: rows.map(reportRow), totals: usageIn(row!, 'total_') };
}

/** The statement alone, for those who want to see how it is carried out. */
export function statementOf(query: ReportQuery, limit: number, after: ReportPosition | null): SQL {
  const needsConversation = query.groupBy.includes('CONVERSATION') || query.conversationId !== null;
  const table = needsConversation ? usageByConversation : usageByOwner;
  const [day, model, conversation, owner] = (['DAY', 'MODEL', 'CONVERSATION', 'USER'] as const).map(
    (dimension) => (query.groupBy.includes(dimension) ? COLUMNS[dimension] : null),
  );
  const grouped = [day, model, conversation, owner].filter((column) => column != null);
  const days = daysOf(query);
  const pieces = day
    ? days.flatMap((each) => cover(each.from, each.to).map((piece) => ({ ...piece, day: each.day })))
    : wholeOf(days);
  return sql`
    with piece (day, span, low, high) as (select * from ${unnest(pieces)}),
    grouped as (
      select ${day ?? sql`null::date`} as day, ${model ?? sql`null::text`} as model,
        ${conversation ?? sql`null::uuid`} as conversation_id, ${owner ?? sql`null::text`} as owner, ${SUMS}
      from piece join ${table} sums on sums.span = piece.span and sums.start >= piece.low and sums.start < piece.high
      where ${filterOf(query)}
      ${grouped.length > 0 ? sql`group by ${sql.join(grouped, sql`, `)}` : sql``}
    ),
    ranked as (select grouped.*, ${RANKS[query.orderBy]} as rank from grouped),
    page as (
      select * from ranked
      ${after ? sql`where ${isBeyond(query.orderBy, after)}` : sql``}
      order by ${ORDERS[query.orderBy]} limit ${limit}
    ),
    total as (select ${TOTALS} from grouped)
    select total.*, page.day::text as day, page.model, page.conversation_id, page.owner, page.rank::text as rank, ${PAGE_SUMS}
    from total left join page on true
    order by ${ORDERS[query.orderBy]}`;
}

// ── Days ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

type Day = { day: string; from: number; to: number };

/** The days of the report, each from its midnight to the next, by the clocks of the time zone. */
function daysOf({ from, to, timeZone }: ReportQuery): Day[] {
  const zone = checkedZone(timeZone);
  const last = to === null ? Temporal.Now.plainDateISO(zone) : Temporal.PlainDate.from(to);
  const first = from === null ? last.subtract({ days: DEFAULT_DAYS - 1 }) : Temporal.PlainDate.from(from);
  const count = first.until(last).days + 1;
  if (count < 1) throw new BadInput('The report ends before it begins.');
  if (count > MAX_DAYS) throw new BadInput(`A report covers at most ${MAX_DAYS} days.`);
  const midnight = (day: Temporal.PlainDate) => day.toZonedDateTime(zone).epochMilliseconds;
  return Array.from({ length: count }, (_, index) => {
    const day = first.add({ days: index });
    return { day: day.toString(), from: midnight(day), to: midnight(day.add({ days: 1 })) };
  });
}

function checkedZone(timeZone: string): string {
  try {
    if (/^[A-Za-z]/.test(timeZone)) return Temporal.Now.zonedDateTimeISO(timeZone).timeZoneId;
  } catch {}
  throw new BadInput(
    'There is no such time zone. Takes a name of the IANA database, for instance Asia/Seoul.',
  );
}

function wholeOf(days: Day[]): (Piece & { day: null })[] {
  return cover(days[0]!.from, days.at(-1)!.to).map((piece) => ({ ...piece, day: null }));
}

// drizzle leaves arrays of days and instants to the caller; as text they need no care.
function unnest(pieces: (Piece & { day: string | null })[]): SQL {
  const column = (value: (piece: Piece & { day: string | null }) => string | number | null) =>
    sql.param(pieces.map(value));
  return sql`unnest(
    ${column(({ day }) => day)}::text[]::date[],
    ${column(({ span }) => span)}::smallint[],
    ${column(({ from }) => new Date(from).toISOString())}::text[]::timestamptz[],
    ${column(({ to }) => new Date(to).toISOString())}::text[]::timestamptz[])`;
}

// ── Rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

const COLUMNS = {
  DAY: sql`piece.day`,
  MODEL: sql`sums.model`,
  CONVERSATION: sql`sums.conversation_id`,
  USER: sql`sums.owner`,
};

function filterOf({ owner, conversationId, model }: ReportQuery): SQL {
  const conditions = [
    owner === null ? undefined : sql`sums.owner = ${owner}`,
    conversationId === null ? undefined : sql`sums.conversation_id = ${conversationId}`,
    model === null ? undefined : sql`sums.model = ${model}`,
  ].filter((condition) => condition !== undefined);
  return conditions.length > 0 ? sql.join(conditions, sql` and `) : sql`true`;
}

const NAMES = [
  'requests',
  'prompt_tokens',
  'cached_tokens',
  'completion_tokens',
  'reasoning_tokens',
  'estimated_tokens',
  'unpriced_tokens',
];

const SUMS = sql.raw([...NAMES, 'cost'].map((name) => `sum(sums.${name}) as ${name}`).join(', '));
const TOTALS = sql.raw([...NAMES, 'cost'].map((name) => `sum(${name})::text as total_${name}`).join(', '));
const PAGE_SUMS = sql.raw([...NAMES, 'cost'].map((name) => `page.${name}::text as ${name}`).join(', '));

// No cost is no known cost: it comes after every known one.
const RANKS: Record<UsageOrder, SQL> = {
  COST_DESC: sql`coalesce(cost, -1)`,
  TOKENS_DESC: sql`coalesce(prompt_tokens + completion_tokens, 0)`,
  REQUESTS_DESC: sql`coalesce(requests, 0)`,
  DAY_ASC: sql`coalesce(day - date 'epoch', 0)::numeric`,
  DAY_DESC: sql`coalesce(day - date 'epoch', 0)::numeric`,
};

const TIES = sql`coalesce(day::text, ''), coalesce(model, ''), coalesce(conversation_id::text, ''), coalesce(owner, '')`;
const ORDERS: Record<UsageOrder, SQL> = {
  COST_DESC: sql`rank desc, ${TIES}`,
  TOKENS_DESC: sql`rank desc, ${TIES}`,
  REQUESTS_DESC: sql`rank desc, ${TIES}`,
  DAY_ASC: sql`rank, ${TIES}`,
  DAY_DESC: sql`rank desc, ${TIES}`,
};

function isBeyond(order: UsageOrder, { rank, day, model, conversationId, owner }: ReportPosition): SQL {
  const ties = sql`(${TIES}) > (${day ?? ''}, ${model ?? ''}, ${conversationId ?? ''}, ${owner ?? ''})`;
  const beyond = order === 'DAY_ASC' ? sql`>` : sql`<`;
  return sql`(rank ${beyond} ${rank}::numeric or (rank = ${rank}::numeric and ${ties}))`;
}

type Columns = Record<string, string | null>;

function reportRow(columns: Columns): ReportRow {
  const { day, model, conversation_id: conversationId, owner, rank } = columns;
  return {
    day: day!,
    model: model!,
    conversationId: conversationId!,
    owner: owner!,
    rank: rank!,
    usage: usageIn(columns, ''),
  };
}

function usageIn(columns: Columns, prefix: string): Usage {
  const number = (name: string) => Number(columns[prefix + name] ?? 0);
  return {
    requests: number('requests'),
    promptTokens: number('prompt_tokens'),
    cachedTokens: number('cached_tokens'),
    completionTokens: number('completion_tokens'),
    reasoningTokens: number('reasoning_tokens'),
    estimatedTokens: number('estimated_tokens'),
    unpricedTokens: number('unpriced_tokens'),
    cost: shortest(columns[`${prefix}cost`]),
  };
}

/** PostgreSQL keeps the places that a sum's parts had: "0.500" is 0.5. */
function shortest(decimal: string | null | undefined): string | null {
  if (decimal == null) return null;
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}
