import { Writable } from 'node:stream';
import { expect } from 'vitest';
import { openApp, type App } from '../../src/app.ts';
import { readSettings } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import { serve, type Server } from '../../src/server/server.ts';
import { connect, type Client } from './client.ts';
import { emptyDatabase, type Backend } from './databases.ts';
import { started } from './leaks.ts';

export interface TestServer extends Client, AsyncDisposable {
  url: string;
  app: App;
  server: Server;
  /** All that was logged, as text. */
  logged(): string;
}

export interface ServerOptions {
  backend?: Backend;
  /** Over the settings of the test server: no retries, no wait between checkpoints. */
  settings?: Record<string, string>;
  pingMs?: number;
}

/** The real server on a free port, inside the test's process, with an empty database. */
export async function startServer({
  backend,
  settings = {},
  pingMs,
}: ServerOptions = {}): Promise<TestServer> {
  const ended = started('server');
  const lines: string[] = [];
  const destination = new Writable({
    write(line, _, done) {
      lines.push(String(line));
      if (process.env['TEST_LOG']) process.stderr.write(String(line));
      done();
    },
  });
  const log = createLogger('debug', destination);
  const database = 'DATABASE_URL' in settings || 'DATA_DIR' in settings ? {} : await emptyDatabase(backend);
  const environment = { PORT: '0', SHUTDOWN_GRACE_MS: '0', CHECKPOINT_MS: '50', ...database, ...settings };
  await using opening = new AsyncDisposableStack();
  const opened = opening.use(await openApp(readSettings(environment), log));
  const server = opening.use(await serve(opened.app, { pingMs }));
  const client = opening.use(connect(server.url));
  const owned = opening.move();
  return {
    ...client,
    url: server.url,
    app: opened.app,
    server,
    logged: () => lines.join(''),
    async [Symbol.asyncDispose]() {
      await owned.disposeAsync();
      expect({ live: opened.app.live.size, generations: opened.app.generations.size }).toEqual({
        live: 0,
        generations: 0,
      });
      ended();
    },
  };
}
