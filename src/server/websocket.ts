import { GraphQLError, type DocumentNode, type ExecutionArgs, type GraphQLFormattedError } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import type { WebSocketServer } from 'ws';
import { LOCAL_VIEWER } from '../viewer.ts';
import type { Caller, Gate } from './gate.ts';
import type { Work } from './work.ts';

/** The operations of one envelope: they belong together, so that each runs through the same plugins. */
type Enveloped = ReturnType<Gate['getEnveloped']>;

/**
 * Serves graphql-transport-ws through the gate. An error belongs to its operation: the socket and its other
 * subscriptions live on.
 * @returns what closes every socket, with 1012, which tells clients to come back.
 */
export function serveWebSockets(sockets: WebSocketServer, gate: Gate, work: Work, pingMs: number) {
  return useServer<Record<string, unknown>, { enveloped?: Enveloped }>(
    {
      onSubscribe: (_, __, { query, operationName, variables }) =>
        begin(gate, { query, operationName, variables }, { viewer: LOCAL_VIEWER, work }),
      execute: (args) => work.during(() => envelopedOf(args).execute(args)),
      subscribe: (args) => envelopedOf(args).subscribe(args),
      onNext: (_, __, ___, ____, result) =>
        result.errors ? { ...result, errors: told(result.errors) } : undefined,
      onError: (_, __, ___, errors) => told(errors),
    },
    sockets,
    pingMs,
  );
}

interface Payload {
  query: string;
  operationName?: string | null | undefined;
  variables?: Record<string, unknown> | null | undefined;
}

/** What is to be carried out, or why it cannot be. */
async function begin(gate: Gate, payload: Payload, caller: Caller): Promise<ExecutionArgs | GraphQLError[]> {
  const enveloped = gate.getEnveloped(caller);
  const { schema } = enveloped;
  let document: DocumentNode;
  try {
    document = enveloped.parse(payload.query) as DocumentNode;
  } catch (error) {
    if (error instanceof GraphQLError) return [coded(error, 'GRAPHQL_PARSE_FAILED')];
    throw error;
  }
  const errors = enveloped.validate(schema, document) as GraphQLError[];
  if (errors.length > 0) return errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED'));
  return {
    schema,
    document,
    operationName: payload.operationName,
    variableValues: payload.variables,
    contextValue: await enveloped.contextFactory(),
    rootValue: { enveloped },
  };
}

/** A copy: the errors of a document are kept with it, for the next who sends it. */
function coded({ message, nodes, source, positions, extensions }: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(message, { nodes, source, positions, extensions: { code, ...extensions } });
}

/** Errors carry hints for HTTP, which mean nothing here. */
function told(errors: readonly GraphQLError[]): GraphQLFormattedError[] {
  return errors.map((error) => {
    const { http: _, ...extensions } = error.extensions;
    return { ...error.toJSON(), extensions };
  });
}

function envelopedOf(args: ExecutionArgs): Enveloped {
  return (args.rootValue as { enveloped: Enveloped }).enveloped;
}
