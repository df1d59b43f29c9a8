import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import type postgres from 'postgres';

const FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));
// Any number will do, as long as every version of this program uses the same.
const LOCK = 0x7061726c6579;

/**
 * Brings the tables up to date. Harmless where they are, and safe where many processes start at once.
 * @param client with a single connection, which holds the lock.
 */
export async function migrateToNewest(client: postgres.Sql): Promise<void> {
  await client`select pg_advisory_lock(${LOCK})`;
  try {
    await migrate(drizzle(client), { migrationsFolder: FOLDER });
  } finally {
    await client`select pg_advisory_unlock(${LOCK})`;
  }
}
