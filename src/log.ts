import { pino, type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';
import { DrizzleQueryError } from 'drizzle-orm';
import postgres from 'postgres';
import { UpstreamFailure } from './model/upstream-failure.ts';

export type { Logger };

/** One JSON object a line on standard error, or wherever is said; readable lines where that is a terminal. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  return pino({ level, base: null, serializers: { err: withoutWords } }, destination ?? standardError());
}

// Written at once, so that the last lines of a process that dies are there.
function standardError(): DestinationStream {
  return process.stderr.isTTY
    ? pretty({ destination: 2, sync: true, translateTime: 'HH:MM:ss.l' })
    : pino.destination({ dest: 2, sync: true });
}

/**
 * What may be written down of an error: never what a user or the chat API said. The messages of the database and of the
 * chat API hold values; their codes say as much.
 */
export function withoutWords(error: unknown): object {
  if (error instanceof DrizzleQueryError) return { statement: error.query, ...withoutWords(error.cause) };
  if (error instanceof postgres.PostgresError) {
    const { code, severity, routine, table_name: table, constraint_name: constraint } = error;
    return { type: 'PostgresError', code, severity, routine, table, constraint, stack: placeOf(error) };
  }
  if (error instanceof UpstreamFailure) {
    const { code, details, cause } = error;
    return {
      type: 'UpstreamFailure',
      code,
      ...details,
      ...(cause === undefined ? {} : { cause: nameOf(cause) }),
    };
  }
  if (!(error instanceof Error)) return { type: typeof error };
  const cause = error.cause === undefined ? {} : { cause: withoutWords(error.cause) };
  return { type: error.name, message: error.message, ...codeOf(error), stack: placeOf(error), ...cause };
}

function nameOf(error: unknown): object {
  return error instanceof Error ? { type: error.name, ...codeOf(error.cause ?? error) } : {};
}

function codeOf(error: unknown): { code?: string } {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? { code } : {};
}

/** The stack without its first line, which is the message again. */
function placeOf(error: Error): string | undefined {
  return error.stack
    ?.split('\n')
    .filter((line) => line.startsWith('    at '))
    .join('\n');
}
