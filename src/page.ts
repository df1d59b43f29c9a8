// Pages by keyset: a cursor holds the keys of its row, so that a page costs the same wherever it is, and stays where it
// is while rows are added. The rules are those of Relay's connections.
// Source: https://relay.dev/graphql/connections.htm
import { createHash } from 'node:crypto';
import { BadInput } from './failure.ts';
import { isStorable } from './text.ts';

export interface PageArguments {
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  before?: string | null | undefined;
}

/** The keys of a row, by which its list is ordered. An instant is its milliseconds since 1970. */
export type Keys = (string | number)[];

/** What a key may hold: a client can make a cursor up. */
const KINDS = {
  id: (key: unknown) => typeof key === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key),
  number: (key: unknown) => Number.isSafeInteger(key) && Math.abs(key as number) < 2 ** 47,
  text: (key: unknown) => typeof key === 'string' && isStorable(key),
};

/** A list: which one, whose, and in what order, so that a cursor of another one is refused; and its keys. */
export interface ListScope {
  scope: (string | number)[];
  keys: (keyof typeof KINDS)[];
  /** Rows a page where the client does not say. */
  pageSize: number;
}

/** What to read of a list: from one end, so many rows, between two others. */
export interface Window {
  backward: boolean;
  /** One more than is shown, to know whether there are more. */
  limit: number;
  after: Keys | null;
  before: Keys | null;
  /** Makes the cursor of a row. */
  cursorOf(keys: Keys): string;
}

export interface Page<T> {
  edges: { cursor: string; node: T }[];
  pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
}

const MAX_PAGE = 100;

/** @throws BadInput */
export function windowOf(args: PageArguments, { scope, keys, pageSize }: ListScope): Window {
  if (args.first != null && args.last != null) throw new BadInput('Takes either first or last, not both.');
  const size = args.first ?? args.last ?? pageSize;
  if (size < 0 || size > MAX_PAGE) throw new BadInput(`A page has from 0 to ${MAX_PAGE} rows.`);
  const mark = createHash('sha256').update(JSON.stringify(scope)).digest('base64url').slice(0, 8);
  const read = (cursor: string | null | undefined) => (cursor == null ? null : keysOf(cursor, mark, keys));
  return {
    backward: args.last != null,
    limit: size + 1,
    after: read(args.after),
    before: read(args.before),
    cursorOf: (values) => Buffer.from(JSON.stringify([mark, ...values])).toString('base64url'),
  };
}

/** @param rows as read by the window, in the order of reading. */
export function pageOf<T>(rows: T[], window: Window, keys: (row: T) => Keys): Page<T> {
  const shown = rows.slice(0, window.limit - 1);
  if (window.backward) shown.reverse();
  const edges = shown.map((node) => ({ cursor: window.cursorOf(keys(node)), node }));
  const more = rows.length === window.limit;
  return {
    edges,
    pageInfo: {
      hasNextPage: window.backward ? window.before !== null : more,
      hasPreviousPage: window.backward ? more : window.after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

function keysOf(cursor: string, mark: string, kinds: ListScope['keys']): Keys {
  const parts = parse(Buffer.from(cursor, 'base64url').toString());
  const [its, ...keys] = Array.isArray(parts) ? (parts as unknown[]) : [];
  const fits = keys.length === kinds.length && kinds.every((kind, index) => KINDS[kind](keys[index]));
  if (its !== mark || !fits) throw new BadInput('This cursor does not belong to this list.');
  return keys as Keys;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
