import { sql } from 'drizzle-orm';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { startEmbedded } from './embedded.ts';
import { withDeadline } from './faults.ts';
import { migrateToNewest } from './migrate.ts';
import * as tables from './tables.ts';

export type Db = Omit<PostgresJsDatabase<typeof tables>, 'transaction'>;
export type Transaction = Db;

export interface Database extends AsyncDisposable {
  db: Db;
  kind: 'embedded' | 'server';
  /** Where the data lies, for people; never holds a password. */
  place: string;
  /**
   * Runs the work in one transaction: all of it is stored, or nothing.
   * @throws Unavailable within 5 s where the database does not answer; see faults.ts.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Resolves where the database answers. @throws Unavailable */
  ping(): Promise<void>;
}

export interface DatabaseSettings {
  DATABASE_URL?: string | undefined;
  DATA_DIR: string;
  DATABASE_POOL_SIZE: number;
}

/**
 * Opens the database and brings its tables up to date.
 * @throws DirectoryInUse, or what the driver says where the server cannot be reached.
 */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  return settings.DATABASE_URL === undefined
    ? openEmbedded(settings.DATA_DIR)
    : openServer(settings.DATABASE_URL, settings.DATABASE_POOL_SIZE);
}

// A statement that takes longer, or a transaction whose process has stopped in the middle of it, is ended by the
// server, so that nothing is held that nobody waits for any more.
const STATEMENT_LIMIT_MS = 5_000;

async function openServer(url: string, poolSize: number): Promise<Database> {
  await using migrator = disposable(postgres(url, { ...driver, max: 1 }));
  await migrateToNewest(migrator.client);
  const client = postgres(url, {
    ...driver,
    max: poolSize,
    connection: {
      application_name: 'parley',
      statement_timeout: STATEMENT_LIMIT_MS,
      idle_in_transaction_session_timeout: STATEMENT_LIMIT_MS,
    },
  });
  const { host, port, database } = client.options;
  return assemble(client, 'server', `${host[0]}:${port[0]}/${database}`, () => client.end({ timeout: 5 }));
}

async function openEmbedded(directory: string): Promise<Database> {
  await using opening = new AsyncDisposableStack();
  const server = opening.use(await startEmbedded(directory));
  // The embedded database has a single session. postgres.js' types leave out the option `socket`, which it documents.
  const options = {
    ...driver,
    max: 1,
    user: 'postgres',
    database: 'postgres',
    socket: () => server.connect(),
  };
  const client = opening.use(disposable(postgres(options as postgres.Options<Record<string, never>>))).client;
  await migrateToNewest(client);
  const owned = opening.move();
  return assemble(client, 'embedded', directory, () => owned.disposeAsync());
}

const driver = {
  connect_timeout: 5,
  // Seconds between attempts to connect again: a database that comes back is used at once.
  backoff: () => 0.25,
  onnotice: () => {},
};

function disposable(client: postgres.Sql) {
  return { client, [Symbol.asyncDispose]: () => client.end({ timeout: 5 }) };
}

function assemble(
  client: postgres.Sql,
  kind: Database['kind'],
  place: string,
  close: () => Promise<void>,
): Database {
  const db = drizzle(tuned(client), { schema: tables });
  return {
    db,
    kind,
    place,
    transaction: (work) =>
      withDeadline((stillWanted) =>
        db.transaction(async (tx) => {
          const result = await work(tx);
          stillWanted(); // If not, roll back rather than store what was given up.
          return result;
        }),
      ),
    ping: async () => void (await db.execute(sql`select 1`)),
    [Symbol.asyncDispose]: close,
  };
}

/**
 * The client as drizzle sees it, with three things changed. Each statement has a deadline. Each is sent when it is begun,
 * not when somebody waits for it, so that those that go out together run in the order in which they are written. And each
 * is prepared: drizzle asks for unnamed statements, which are parsed and described anew every time, at the price of a
 * second round trip; ours have few different texts, so each connection keeps them.
 */
function tuned<T extends postgres.Sql | postgres.TransactionSql>(client: T): T {
  const unsafe: Unsafe = (text, parameters, options) => {
    const query = client.unsafe(text, parameters, { ...options, prepare: true });
    void query.execute();
    return {
      values: () => withDeadline(() => query.values()),
      // oxlint-disable-next-line unicorn/no-thenable -- it stands in for a query, which is one.
      then: (...handlers) => withDeadline(() => query).then(...handlers),
    };
  };
  const begin = (work: (sql: postgres.TransactionSql) => unknown) =>
    (client as postgres.Sql).begin((transaction) => work(tuned(transaction)));
  return new Proxy(client, {
    get: (target, property, receiver) =>
      property === 'unsafe'
        ? unsafe
        : property === 'begin'
          ? begin
          : (Reflect.get(target, property, receiver) as unknown),
  });
}

type Unsafe = (
  text: string,
  parameters?: never[],
  options?: postgres.UnsafeQueryOptions,
) => PromiseLike<unknown> & { values(): Promise<unknown[]> };
