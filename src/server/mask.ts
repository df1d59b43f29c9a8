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
    const cause = error instanceof GraphQLError ? (error.originalError ?? error) : error;
    // What a resolver threw for the client to see, and the errors of the request itself. An error of the execution has a
    // path: then it is the server that is wrong.
    if (cause instanceof GraphQLError && (cause !== error || !cause.path))
      return at(error, cause.message, cause.extensions);
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

/** The same place, another message. What has no code is a variable or an argument that does not fit its type. */
function at(error: unknown, message: string, extensions: Record<string, unknown>): GraphQLError {
  const { nodes, source, positions, path } = error instanceof GraphQLError ? error : {};
  return new GraphQLError(message, {
    nodes,
    source,
    positions,
    path,
    extensions: { code: 'BAD_USER_INPUT', ...extensions },
  });
}
