import { GraphQLError, type ExecutionArgs } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import type { WebSocketServer } from 'ws';
import { LOCAL_VIEWER } from '../viewer.ts';
import type { Caller, Gate } from './gate.ts';

/** The operations of one envelope: they belong together, so that each runs through the same plugins. */
type Enveloped = ReturnType<Gate['getEnveloped']>;

const KEEP_ALIVE_MS = 12_000;

/**
 * Serves graphql-transport-ws through the gate. An error belongs to its operation: the socket and its other
 * subscriptions live on.
 * @returns what closes every socket, with 1012, which tells clients to come back.
 */
export function serveWebSockets(sockets: WebSocketServer, gate: Gate) {
  return useServer<Record<string, unknown>, { enveloped?: Enveloped }>(
    {
      async onSubscribe(_, __, { query, operationName, variables }) {
        const caller: Caller = { viewer: LOCAL_VIEWER };
        const enveloped = gate.getEnveloped(caller);
        try {
          const document = enveloped.parse(query);
          const errors = enveloped.validate(enveloped.schema, document);
          if (errors.length > 0) return errors as GraphQLError[];
          const args = { schema: enveloped.schema, document, operationName, variableValues: variables };
          const contextValue = await enveloped.contextFactory();
          return { ...args, contextValue, rootValue: { enveloped } };
        } catch (error) {
          if (error instanceof GraphQLError) return [error];
          throw error;
        }
      },
      execute: (args) => envelopedOf(args).execute(args),
      subscribe: (args) => envelopedOf(args).subscribe(args),
    },
    sockets,
    KEEP_ALIVE_MS,
  );
}

function envelopedOf(args: ExecutionArgs): Enveloped {
  return (args.rootValue as { enveloped: Enveloped }).enveloped;
}
