import postgres from 'postgres';
import { describe, expect, inject, it } from 'vitest';
import { migrateToNewest } from '../src/db/migrate.ts';
import { openDatabase } from '../src/db/open.ts';
import { databaseUrl } from './support/postgres.ts';

describe('migrations', () => {
  it('are safe where many processes start at once, and harmless the second time', async () => {
    const admin = postgres(inject('postgres'), { max: 1 });
    await admin`create database parley_migrations`;
    const url = databaseUrl(inject('postgres'), 'parley_migrations');
    const migrate = async () => {
      const client = postgres(url, { max: 1, onnotice: () => {} });
      await migrateToNewest(client);
      const [tables] =
        await client`select count(*)::int from information_schema.tables where table_schema = 'public'`;
      await client.end();
      return tables!['count'];
    };
    const counts = await Promise.all(Array.from({ length: 8 }, migrate));
    expect(new Set([...counts, await migrate()]).size).toBe(1);
    await admin`drop database parley_migrations`;
    await admin.end();
  });

  it('are what the tables say: `npm run generate` writes them', async () => {
    await using database = await openDatabase({ DATA_DIR: ':memory:', DATABASE_POOL_SIZE: 1 });
    const { generateDrizzleJson, generateMigration } = await import('drizzle-kit/api');
    const { readFileSync, readdirSync } = await import('node:fs');
    const folder = new URL('../migrations/meta/', import.meta.url);
    const newest = readdirSync(folder)
      .filter((file) => file.endsWith('_snapshot.json'))
      .toSorted()
      .at(-1)!;
    const stored = JSON.parse(readFileSync(new URL(newest, folder), 'utf8'));
    const tables = generateDrizzleJson(await import('../src/db/tables.ts'), stored.id);
    expect(await generateMigration(stored, tables)).toEqual([]);
    expect(database.kind).toBe('embedded');
  });
});
