import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process has the directory open; it is not touched. */
export class DirectoryInUse extends Error {
  constructor(directory: string) {
    super(
      `${directory} is in use by another process. Stop that one first, or set DATA_DIR to another directory, or ` +
        `DATABASE_URL to a PostgreSQL server, which any number of processes may share.`,
    );
  }
}

/**
 * Takes the directory for this process alone until the returned function is called or the process ends, however it
 * ends. The lock is the operating system's own, on a file: nothing is left behind to be judged stale. Node offers such
 * locks only through SQLite.
 */
export function lockDirectory(directory: string): () => void {
  const file = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
  try {
    file.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch {
    file.close();
    throw new DirectoryInUse(directory);
  }
  return () => file.close();
}
