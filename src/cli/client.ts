import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';

/** How the commands reach a running server: its public GraphQL API, and nothing else. */
export interface ApiClient {
  /** @throws Error with what the server said. */
  ask<T>(query: string, variables: object): Promise<T>;
  /** Goes on after a broken connection, with the same variables: what was sent before may come again. */
  follow<T>(query: string, variables: object): AsyncIterable<T>;
  close(): void;
}

/** Options that every command takes. */
export const CONNECTION_OPTIONS = {
  url: { type: 'string' },
  token: { type: 'string' },
} as const;

export const CONNECTION_HELP = `  --url URL          the server's address; PARLEY_URL, or http://127.0.0.1:4000 by default
  --token TOKEN      a bearer token, where the server asks for one; PARLEY_TOKEN by default`;

export function openClient({
  url,
  token = process.env['PARLEY_TOKEN'],
}: {
  url?: string;
  token?: string;
}): ApiClient {
  const address = url ?? process.env['PARLEY_URL'] ?? `http://127.0.0.1:${process.env['PORT'] || 4000}`;
  const client = createClient({
    url: `${address.replace(/^http/, 'ws').replace(/\/$/, '')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 10,
    // A server that is not there at the first try is not started; one that goes away later may come back.
    shouldRetry: (event) => !isRefusal(event),
    ...(token ? { connectionParams: { authorization: `Bearer ${token}` } } : {}),
  });
  return {
    async ask<T>(query: string, variables: object) {
      for await (const data of results<T>(client, query, variables, address)) return data;
      throw new Error('The server gave no answer.');
    },
    follow: (query, variables) => results(client, query, variables, address),
    close: () => void client.dispose(),
  };
}

async function* results<T>(
  client: Client,
  query: string,
  variables: object,
  address: string,
): AsyncIterable<T> {
  try {
    for await (const { data, errors } of client.iterate<T>({ query, variables: { ...variables } })) {
      if (errors) throw new Error(errors.map(({ message }) => message).join('\n'));
      if (data) yield data;
    }
  } catch (error) {
    throw explained(error, address);
  }
}

function isRefusal(event: unknown): boolean {
  return (event as { error?: { code?: string } })?.error?.code === 'ECONNREFUSED';
}

function explained(error: unknown, address: string): Error {
  if (isRefusal(error)) return new Error(`No server answers at ${address}. Start one with: npm start`);
  if (Array.isArray(error))
    return new Error(error.map(({ message }: { message: string }) => message).join('\n'));
  if (error instanceof Error) return error;
  const { code, reason } = (error ?? {}) as { code?: number; reason?: string };
  return new Error(
    `The connection to ${address} broke${code ? ` (${code}${reason ? ` ${reason}` : ''})` : ''}.`,
  );
}

/** Runs a command: prints what goes wrong as one line, and sets the exit code. */
export async function run(command: () => Promise<void>): Promise<void> {
  try {
    process.loadEnvFile();
  } catch {} // There need not be one.
  try {
    await command();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
