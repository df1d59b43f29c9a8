// PostgreSQL inside this process (PGlite), in a thread of its own so that a query never holds up the event loop, and
// spoken to by the same driver as a server: postgres.js writes its bytes to a message port instead of a socket.
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { lockDirectory } from './directory-lock.ts';

export interface EmbeddedServer extends AsyncDisposable {
  /** A new connection; it takes the single session over from the one before. */
  connect(): Duplex;
}

/**
 * @param directory where the data lies; `:memory:` keeps nothing.
 * @throws DirectoryInUse where another process has it.
 */
export async function startEmbedded(directory: string): Promise<EmbeddedServer> {
  const inMemory = directory === ':memory:';
  // Only this user may enter: the database writes its files readable by all.
  if (!inMemory) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const unlock = inMemory ? () => {} : lockDirectory(directory);
  const dataDir = inMemory ? 'memory://' : join(directory, 'postgres');
  const worker = new Worker(new URL('./embedded-worker.ts', import.meta.url), { workerData: { dataDir } });
  try {
    await said(worker, 'open');
  } catch (error) {
    unlock();
    throw error;
  }
  // Nothing can be done for a process that has lost its database, except to end it and start again.
  worker.on('error', (error) => {
    throw error;
  });
  return {
    connect() {
      const { port1, port2 } = new MessageChannel();
      worker.postMessage({ connect: port2 }, [port2]);
      return new PortSocket(port1);
    },
    async [Symbol.asyncDispose]() {
      worker.postMessage({ close: true });
      await said(worker, 'closed');
      await worker.terminate();
      unlock();
    },
  };
}

async function said(worker: Worker, word: string): Promise<void> {
  const [message] = (await once(worker, 'message')) as [unknown];
  if (message !== word) throw new Error(`The embedded database said ${String(message)}, not ${word}.`);
}

/** What postgres.js takes for a socket. */
class PortSocket extends Duplex {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    super();
    this.#port = port;
    port.on('message', (bytes: Uint8Array) => this.push(bytes));
    port.on('close', () => this.destroy());
  }

  /** postgres.js says good-bye only to a socket that is open, and otherwise waits five seconds for it. */
  get readyState(): string {
    return this.destroyed ? 'closed' : 'open';
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.#port.postMessage(Uint8Array.from(bytes));
    done();
  }

  override _read(): void {}

  override _final(done: () => void): void {
    done();
    this.destroy();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#port.close();
    done(error);
  }
}
