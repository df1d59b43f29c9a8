import { DrizzleQueryError } from 'drizzle-orm';
import postgres from 'postgres';
import { Unavailable } from '../failure.ts';

// The contract allows 5 s; the rest is for the way back to the client.
const DEADLINE_MS = 4_500;

/**
 * Waits for work on the database, but never longer than a client may have to wait for "no": the driver itself waits for
 * ever for a server that is frozen.
 * @param work gets a function that throws once the deadline has passed and nobody waits any more.
 * @throws Unavailable at the deadline, or at once where the connection is refused or breaks.
 */
export async function withDeadline<T>(work: (stillWanted: () => void) => PromiseLike<T>): Promise<T> {
  let late: Unavailable | undefined;
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late = unavailable(new Error(`No answer within ${DEADLINE_MS} ms.`));
      reject(late);
    }, DEADLINE_MS);
  });
  const stillWanted = () => {
    if (late) throw late;
  };
  try {
    return await Promise.race([work(stillWanted), deadline]);
  } catch (error) {
    throw isDown(error) ? unavailable(rootOf(error)) : error;
  } finally {
    clearTimeout(timer);
  }
}

function unavailable(cause: unknown): Unavailable {
  return new Unavailable('The database does not answer at the moment.', cause);
}

/** What the driver said, without drizzle's wrapper, whose message holds the parameters: users' words. */
export function rootOf(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? error.cause : error;
}

/** SQLSTATE of a failed statement, for instance 23505; undefined for any other error. */
export function sqlStateOf(error: unknown): string | undefined {
  const root = rootOf(error);
  return root instanceof postgres.PostgresError ? root.code : undefined;
}

/** Whether the server, or the way to it, is down: a later try may well succeed. */
export function isDown(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state !== undefined) return DOWN_STATES.test(state);
  const code = (rootOf(error) as { code?: unknown } | null)?.code;
  return typeof code === 'string' && DOWN_CODES.test(code);
}

// PostgreSQL's appendix A: connection exceptions (08), too many connections (53300), shutdown (57P01 to 57P03), canceled
// by the statement's time limit (57014), idle in a transaction for too long (25P03), given up in favour of another
// transaction (40001, 40P01).
const DOWN_STATES = /^(08...|53300|57P0[123]|57014|25P03|40001|40P01)$/;
// postgres.js' own, and the operating system's.
const DOWN_CODES = /^(CONNECT.*|E(CONN.*|PIPE|NOTFOUND|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN))$/;
