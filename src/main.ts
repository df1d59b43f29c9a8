import { openApp } from './app.ts';
import { BadSettings, readSettings, type Settings } from './config.ts';
import { DirectoryInUse } from './db/directory-lock.ts';
import { createLogger } from './log.ts';
import { serve } from './server/server.ts';

try {
  process.loadEnvFile();
} catch {} // There need not be one.

const settings = settingsOrExit();
const log = createLogger(settings.LOG_LEVEL);

await using opened = await openApp(settings, log).catch(startFailed);
await using server = await serve(opened.app).catch(startFailed);
welcome(server.url, settings);
await signal();

function settingsOrExit(): Settings {
  try {
    return readSettings(process.env);
  } catch (error) {
    if (!(error instanceof BadSettings)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

function startFailed(error: unknown): never {
  if (error instanceof DirectoryInUse) process.stderr.write(`${error.message}\n`);
  else log.fatal({ err: error }, 'the server could not start');
  process.exit(1);
}

function welcome(url: string, { demo, OPENAI_MODEL, OPENAI_BASE_URL, GRAPHIQL }: Settings): void {
  const { kind, place } = opened.app.database;
  const lines = [
    `ready ${url}`,
    '',
    `  data    ${kind === 'embedded' ? `${place} (embedded PostgreSQL)` : place}`,
    `  model   ${demo ? 'the built-in demo model; set OPENAI_API_KEY for a real one' : `${OPENAI_MODEL}${OPENAI_BASE_URL ? ` at ${OPENAI_BASE_URL}` : ''}`}`,
    '',
    `  try     npm run chat -- "What can this server do?"`,
    ...(GRAPHIQL ? [`          ${url}/graphql in a browser`] : []),
    '          npm run usage',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function signal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
}
