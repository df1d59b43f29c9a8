import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, inject } from 'vitest';
import { databaseUrl, TEMPLATE } from './postgres.ts';

/** The two kinds of database that the product runs on; a promise that is about data is kept on both. */
export const BACKENDS = ['postgres', 'embedded'] as const;
export type Backend = (typeof BACKENDS)[number];

/** Settings for a new, empty database of a kind. */
export async function emptyDatabase(backend: Backend = 'postgres'): Promise<Record<string, string>> {
  return backend === 'embedded'
    ? { DATA_DIR: await createDirectory() }
    : { DATABASE_URL: await createDatabase() };
}

/** A new PostgreSQL database with all tables. */
export async function createDatabase(): Promise<string> {
  const server = inject('postgres');
  const name = `parley_${randomBytes(6).toString('hex')}`;
  const admin = postgres(server, { max: 1 });
  try {
    await admin.unsafe(`create database ${name} template ${TEMPLATE}`);
  } finally {
    await admin.end();
  }
  return databaseUrl(server, name);
}

/** A new folder with an embedded database; it goes when the tests of the file have ended. */
export async function createDirectory(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-test-'));
  folders.push(folder);
  await cp(inject('embedded'), folder, { recursive: true });
  return folder;
}

const folders: string[] = [];
afterAll(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true }))));
