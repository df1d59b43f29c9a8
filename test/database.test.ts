import { sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../src/db/open.ts';
import { conversations } from '../src/db/tables.ts';
import { BACKENDS, emptyDatabase } from './support/databases.ts';

const SETTINGS = { DATA_DIR: '.data', DATABASE_POOL_SIZE: 4 };

describe.each(BACKENDS)('the database (%s)', (backend) => {
  it('carries out the statements of a transaction in the order in which they are begun', async () => {
    await using database = await openDatabase({ ...SETTINGS, ...(await emptyDatabase(backend)) });
    const id = '01900000-0000-7000-8000-000000000000';
    // Of every kind: with and without parameters, with and without rows that come back, built and written by hand.
    await database.transaction(async (tx) => {
      const steps = [
        tx
          .insert(conversations)
          .values({ id, owner: 'a', title: '1', titleGiven: true, settings: {} })
          .execute(),
        tx
          .update(conversations)
          .set({ title: sql`title || '2'` })
          .execute(),
        tx
          .update(conversations)
          .set({ title: sql`title || '3'` })
          .where(sql`id = ${id}`)
          .returning()
          .execute(),
        tx.execute(sql`update conversations set title = title || '4'`).execute(),
        tx.select().from(conversations).execute(),
        tx.execute(sql`update conversations set title = title || ${'5'}`).execute(),
        tx
          .update(conversations)
          .set({ title: sql`title || '6'` })
          .returning({ title: conversations.title })
          .execute(),
        tx
          .update(conversations)
          .set({ title: sql`title || '7'` })
          .where(sql`owner = ${'a'}`)
          .execute(),
      ] as const;
      const [, , three, , four, , six] = await Promise.all(steps);
      expect([three[0]!.title, four[0]!.title, six[0]!.title]).toEqual(['123', '1234', '123456']);
    });
    expect((await database.db.select().from(conversations))[0]!.title).toBe('1234567');
  });

  it('stores nothing of a transaction that fails', async () => {
    await using database = await openDatabase({ ...SETTINGS, ...(await emptyDatabase(backend)) });
    const id = '01900000-0000-7000-8000-000000000000';
    const failing = database.transaction(async (tx) => {
      await tx.insert(conversations).values({ id, owner: 'a', title: '1', titleGiven: true, settings: {} });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await database.db.$count(conversations)).toBe(0);
  });
});
