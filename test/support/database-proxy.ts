// Stands between a server and PostgreSQL, and does to the connection what networks and databases do.
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';

const LENGTH_BYTES = 4;

export class DatabaseProxy implements AsyncDisposable {
  readonly #server: net.Server;
  readonly #target: URL;
  readonly #pairs = new Set<{ client: Socket; database: Socket }>();
  #mode: 'open' | 'muted' | 'frozen' | 'refusing' = 'open';
  #held: (() => void)[] = [];
  /** Sees each statement before it goes to the database; a promise holds it up. */
  onStatement: ((text: string) => void | Promise<void>) | undefined;

  private constructor(target: URL, server: net.Server) {
    this.#target = target;
    this.#server = server;
    server.on('connection', (client) => this.#connect(client));
  }

  static async start(target: string): Promise<DatabaseProxy> {
    const server = net.createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new DatabaseProxy(new URL(target), server);
  }

  /** As DATABASE_URL would name it. */
  get url(): string {
    return Object.assign(new URL(this.#target), { port: (this.#server.address() as AddressInfo).port }).href;
  }

  /** Nothing goes through, and nobody is told. */
  freeze(): void {
    this.#mode = 'frozen';
  }

  /** What is said goes through, but no answer comes back. */
  mute(): void {
    this.#mode = 'muted';
  }

  /** Breaks every connection, and takes no new one. */
  refuse(): void {
    this.#mode = 'refusing';
    for (const { client } of this.#pairs) client.resetAndDestroy();
  }

  restore(): void {
    this.#mode = 'open';
    for (const go of this.#held.splice(0)) go();
  }

  #connect(client: Socket): void {
    client.on('error', () => {});
    if (this.#mode === 'refusing') return void client.resetAndDestroy();
    const database = net.connect(Number(this.#target.port), this.#target.hostname);
    database.on('error', () => {});
    const pair = { client, database };
    this.#pairs.add(pair);
    const statements = statementReader();
    this.#pump(client, database, ['frozen'], (bytes) => statements(bytes));
    this.#pump(database, client, ['frozen', 'muted'], () => []);
    for (const end of [client, database]) {
      end.on('close', () => {
        this.#pairs.delete(pair);
        client.destroy();
        database.destroy();
      });
    }
  }

  #pump(from: Socket, to: Socket, stopped: string[], read: (bytes: Buffer) => string[]): void {
    let work = Promise.resolve();
    from.on('data', (bytes: Buffer) => {
      work = work.then(async () => {
        for (const text of read(bytes)) await this.onStatement?.(text);
        if (stopped.includes(this.#mode)) await new Promise<void>((go) => this.#held.push(go));
        if (!to.destroyed) to.write(bytes);
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.restore();
    for (const { client } of this.#pairs) client.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Finds the texts of statements in what a client writes, also of those that were prepared before. */
function statementReader(): (bytes: Buffer) => string[] {
  let pending = Buffer.alloc(0);
  let started = false;
  const prepared = new Map<string, string>();
  return (bytes) => {
    pending = Buffer.concat([pending, bytes]);
    const texts: string[] = [];
    for (;;) {
      const head = started ? 1 : 0;
      if (pending.length < head + LENGTH_BYTES) return texts;
      const end = head + pending.readUInt32BE(head);
      if (pending.length < end) return texts;
      const type = started ? String.fromCharCode(pending[0]!) : 'startup';
      const strings = pending
        .subarray(head + LENGTH_BYTES, end)
        .toString('latin1')
        .split('\0');
      if (type === 'Q') texts.push(strings[0]!);
      if (type === 'P') prepared.set(strings[0]!, strings[1]!);
      if (type === 'B') texts.push(prepared.get(strings[1]!) ?? '');
      started = true;
      pending = pending.subarray(end);
    }
  };
}
