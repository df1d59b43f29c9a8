// Brings the database up to date and exits. The server does the same when it starts.
import { readSettings } from '../config.ts';
import { openDatabase } from '../db/open.ts';
import { run } from './client.ts';

await run(async () => {
  await using database = await openDatabase(readSettings(process.env));
  process.stdout.write(`${database.place} is up to date.\n`);
});
