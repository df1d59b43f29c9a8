import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { BadInput, Forbidden, NothingThere, Unavailable } from '../failure.ts';
import type { Logger } from '../log.ts';

/**
 * What clients learn of an error: their own faults in full, ours as an id that the log has too. For every error on its
 * way out, over HTTP and WebSocket alike.
 */
export function createMask(log: Logger): (error: unknown) => GraphQLError {
  return (error) => {
    if (error instanceof GraphQLError && !error.originalError) return withCode(error);
    const cause = error instanceof GraphQLError ? error.originalError! : error;
    // A GraphQLError that a resolver threw is meant for the client.
    if (cause instanceof GraphQLError) return at(error, cause.message, { ...cause.extensions });
    const code = codeOf(cause);
    if (code) return at(error, (cause as Error).message, { code });
    const id = randomUUID();
    log.error({ err: cause, id }, 'an operation failed');
    return at(error, 'The server failed. Its log has more under the id.', {
      code: 'INTERNAL_SERVER_ERROR',
      id,
    });
  };
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof BadInput) return 'BAD_USER_INPUT';
  if (error instanceof Forbidden) return 'FORBIDDEN';
  if (error instanceof NothingThere) return 'NOT_FOUND';
  return error instanceof Unavailable ? 'UNAVAILABLE' : undefined;
}

/** Errors of the request itself. What has no code is a variable or an argument that does not fit its type. */
function withCode(error: GraphQLError): GraphQLError {
  error.extensions['code'] ??= 'BAD_USER_INPUT';
  return error;
}

function at(error: unknown, message: string, extensions: Record<string, unknown>): GraphQLError {
  const { nodes, path } = error instanceof GraphQLError ? error : {};
  return new GraphQLError(message, { nodes, path, extensions });
}
