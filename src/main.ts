import { openApp } from './app.ts';
import { BadSettings, readSettings, type Settings } from './config.ts';
import { DirectoryInUse } from './db/directory-lock.ts';
import { createLogger, type Logger } from './log.ts';
import { serve } from './server/server.ts';
import { welcome } from './welcome.ts';

try {
  process.loadEnvFile();
} catch {} // There need not be one.

const settings = settingsOrExit();
const log = createLogger(settings.LOG_LEVEL);
await run(settings, log).catch(fail);

/** Opens, serves, waits for a signal, and closes in reverse. */
async function run(set: Settings, logger: Logger): Promise<void> {
  const signal = firstSignal();
  await using opened = await openApp(set, logger);
  await using server = await serve(opened.app);
  process.stdout.write(welcome(server.url, opened.app));
  logger.info({ signal: await signal }, 'shutting down');
  await server.shutDown();
}

/** A second one ends the process at once; whatever was acknowledged is stored by then. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let came = false;
    const handle = (signal: NodeJS.Signals) => {
      if (came) process.exit(1);
      came = true;
      resolve(signal);
    };
    process.on('SIGTERM', handle).on('SIGINT', handle);
  });
}

function settingsOrExit(): Settings {
  try {
    return readSettings(process.env);
  } catch (error) {
    if (!(error instanceof BadSettings)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

function fail(error: unknown): never {
  if (error instanceof DirectoryInUse) process.stderr.write(`${error.message}\n`);
  else log.fatal({ err: error }, 'the server cannot go on');
  process.exit(1);
}
