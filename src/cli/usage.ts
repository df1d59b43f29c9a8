// Who spent what: the usage report in the terminal.
import { parseArgs } from 'node:util';
import { CONNECTION_HELP, CONNECTION_OPTIONS, openClient, run, type ApiClient } from './client.ts';
import { amount, csvCell, dollars, table, type Column } from './format.ts';

const HELP = `npm run usage -- [options]

Prints usage and cost. Days are whole days of the time zone, both included; the last 30 by default.

  --by WHAT            conversation (the default), day, model, user, or several: --by day,model
  --from, --to DATE    2026-11-01
  --time-zone ZONE     Asia/Seoul; UTC by default
  --model, --user, --conversation
                       only of these
  --order ORDER        cost, tokens, requests, day (the latest first) or first-day
  --limit N            so many rows; 20 by default, 0 for all
  --format FORMAT      table, csv or json
${CONNECTION_HELP}
`;

const REPORT = `query Report($from: Date, $to: Date, $timeZone: String!, $groupBy: [UsageDimension!]!, $conversationId: ID,
    $model: String, $userId: String, $orderBy: UsageOrder!, $first: Int!, $after: String) {
  usage(from: $from, to: $to, timeZone: $timeZone, groupBy: $groupBy, conversationId: $conversationId,
      model: $model, userId: $userId, orderBy: $orderBy, first: $first, after: $after) {
    nodes { day model conversationId conversation { title } userId usage { ...Amounts } }
    totals { ...Amounts }
    pageInfo { hasNextPage endCursor }
  }
}
fragment Amounts on Usage {
  requests promptTokens cachedTokens completionTokens reasoningTokens totalTokens cost unpricedTokens estimatedTokens
}`;

interface Usage {
  requests: number;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  reasoningTokens: number;
  totalTokens: number;
  cost: string | null;
  unpricedTokens: number;
  estimatedTokens: number;
}

interface Row {
  day: string | null;
  model: string | null;
  conversationId: string | null;
  conversation: { title: string } | null;
  userId: string | null;
  usage: Usage;
}

interface Page {
  usage: { nodes: Row[]; totals: Usage; pageInfo: { hasNextPage: boolean; endCursor: string } };
}

interface Report {
  rows: Row[];
  totals: Usage;
  more: boolean;
}

const DIMENSIONS = { conversation: 'CONVERSATION', day: 'DAY', model: 'MODEL', user: 'USER' } as const;
const ORDERS = {
  cost: 'COST_DESC',
  tokens: 'TOKENS_DESC',
  requests: 'REQUESTS_DESC',
  day: 'DAY_DESC',
  'first-day': 'DAY_ASC',
} as const;
type Dimension = keyof typeof DIMENSIONS;

function oneOf<T extends object>(option: string, value: string, choices: T): keyof T {
  if (Object.hasOwn(choices, value)) return value as keyof T;
  throw new Error(`${option} ${value}: takes ${Object.keys(choices).join(', ')}`);
}

function limitOf(text = '20'): number {
  if (!/^\d{1,7}$/.test(text)) throw new Error(`--limit ${text}: takes a whole number`);
  return Number(text) || Infinity;
}

async function readReport(client: ApiClient, variables: object, limit: number): Promise<Report> {
  const rows: Row[] = [];
  for (let after: string | undefined; ;) {
    const first = Math.min(100, limit - rows.length);
    const { usage } = await client.ask<Page>(REPORT, { ...variables, first, after });
    rows.push(...usage.nodes);
    const more = usage.pageInfo.hasNextPage;
    if (!more || rows.length >= limit) return { rows, totals: usage.totals, more };
    after = usage.pageInfo.endCursor;
  }
}

const FORMATS = { table: asTable, csv: asCsv, json: asJson };

function asTable({ rows, totals, more }: Report, by: Dimension[]): string {
  if (rows.length === 0) return 'Nothing was used in these days.\n';
  const all = [...rows.map(({ usage }) => usage), totals];
  const labels: Column[] = by.map((dimension, index) => ({
    title: dimension,
    cells: [...rows.map((row) => labelOf(row, dimension)), index === 0 ? 'total' : ''],
    max: by.length > 1 ? 24 : 36,
  }));
  const figures: Column[] = [
    { title: 'requests', cells: all.map(({ requests }) => amount(requests)) },
    { title: 'in', cells: all.map(({ promptTokens }) => amount(promptTokens)) },
    { title: 'out', cells: all.map(({ completionTokens }) => amount(completionTokens)) },
    {
      title: 'cost',
      cells: all.map(({ cost, unpricedTokens }) => dollars(cost) + (cost && unpricedTokens ? '*' : '')),
    },
  ];
  const notes = [
    ...(more ? ['There are more rows: --limit 0 shows all.'] : []),
    ...(totals.unpricedTokens
      ? [`* without ${amount(totals.unpricedTokens)} tokens whose price is not known`]
      : []),
    ...(totals.estimatedTokens
      ? [`${amount(totals.estimatedTokens)} tokens were not reported and are estimated.`]
      : []),
  ];
  return [
    table([...labels, ...figures.map((column) => ({ ...column, align: 'right' as const }))]),
    ...notes,
    '',
  ].join('\n');
}

function labelOf(row: Row, dimension: Dimension): string {
  const labels = {
    conversation: row.conversation?.title ?? '(deleted)',
    day: row.day,
    model: row.model,
    user: row.userId,
  };
  return labels[dimension] ?? '';
}

function asCsv({ rows }: Report, by: Dimension[]): string {
  const columns = by.flatMap((dimension) =>
    dimension === 'conversation' ? ['conversation', 'title'] : [dimension],
  );
  const line = (row: Row) => [
    ...columns.map((name) =>
      name === 'conversation'
        ? (row.conversationId ?? '')
        : labelOf(row, name === 'title' ? 'conversation' : (name as Dimension)),
    ),
    ...AMOUNTS.map((name) => String(row.usage[name] ?? '')),
  ];
  return [[...columns, ...AMOUNTS], ...rows.map(line)]
    .map((cells) => `${cells.map(csvCell).join(',')}\r\n`)
    .join('');
}

const AMOUNTS = [
  'requests',
  'promptTokens',
  'cachedTokens',
  'completionTokens',
  'reasoningTokens',
  'totalTokens',
  'cost',
  'unpricedTokens',
  'estimatedTokens',
] as const;

function asJson({ rows, totals }: Report): string {
  return `${JSON.stringify({ rows, totals }, null, 2)}\n`;
}

await run(async () => {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      ...CONNECTION_OPTIONS,
      by: text,
      from: text,
      to: text,
      'time-zone': text,
      model: text,
      user: text,
      conversation: text,
      order: text,
      limit: text,
      format: text,
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const by = (values.by ?? 'conversation').split(',').map((word) => oneOf('--by', word.trim(), DIMENSIONS));
  const print = FORMATS[oneOf('--format', values.format ?? 'table', FORMATS)];
  const variables = {
    from: values.from,
    to: values.to,
    timeZone: values['time-zone'] ?? 'UTC',
    model: values.model,
    userId: values.user,
    conversationId: values.conversation,
    groupBy: by.map((word) => DIMENSIONS[word]),
    orderBy: ORDERS[oneOf('--order', values.order ?? 'cost', ORDERS)],
  };
  const client = openClient(values);
  try {
    process.stdout.write(print(await readReport(client, variables, limitOf(values.limit)), by));
  } finally {
    client.close();
  }
});
