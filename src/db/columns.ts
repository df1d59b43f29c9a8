import { timestamp } from 'drizzle-orm/pg-core';

/**
 * A moment, with the millisecond precision of the API's DateTime, because cursors carry it: what a client hands back must
 * compare equal to what is stored.
 */
export const instant = (name: string) => timestamp(name, { precision: 3, withTimezone: true, mode: 'date' });
