// A server that answers with bytes: what no well-behaved one would send, cut where no well-behaved one would cut.
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { random } from './random.ts';

/** What is done on the connection, one after another; text and bytes are sent. */
export type Step = string | Buffer | { pauseMs: number } | typeof RESET | typeof CLOSE | typeof WAIT;

/** Breaks the connection off. */
export const RESET = { act: 'reset' } as const;
/** Ends it in order. */
export const CLOSE = { act: 'close' } as const;
/** Waits until the other side has closed it. */
export const WAIT = { act: 'wait' } as const;

/** How the bytes of an answer are put into packets. */
export type Cutting = 'whole' | 'anywhere';

export class RawUpstream implements AsyncDisposable {
  /** Bodies of the requests that came. */
  readonly requests: string[] = [];
  readonly #server: net.Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: net.Server) {
    this.#server = server;
  }

  /** @param answer what to do on each connection, by the number of the request, from 0 */
  static async start(
    answer: (request: number) => Step[],
    cutting: Cutting,
    generator: ReturnType<typeof random>,
  ): Promise<RawUpstream> {
    const server = net.createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const upstream = new RawUpstream(server);
    server.on('connection', (socket) => {
      upstream.#sockets.add(socket);
      socket.on('close', () => upstream.#sockets.delete(socket)).on('error', () => {});
      let received = '';
      socket.on('data', (bytes) => {
        received += bytes.toString();
        const body = wholeBody(received);
        if (body === undefined) return;
        received = '';
        upstream.requests.push(body);
        void act(socket, answer(upstream.requests.length - 1), cutting, generator);
      });
    });
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  /** Connections that the product has not closed. */
  get open(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function wholeBody(received: string): string | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
  const body = received.slice(end + 4);
  return Buffer.byteLength(body) >= length ? body : undefined;
}

async function act(
  socket: Socket,
  steps: Step[],
  cutting: Cutting,
  { between }: ReturnType<typeof random>,
): Promise<void> {
  for (const step of steps) {
    if (socket.destroyed) return;
    if (step === RESET) socket.resetAndDestroy();
    else if (step === CLOSE) socket.end();
    else if (step === WAIT) await once(socket, 'close');
    else if (typeof step === 'object' && 'pauseMs' in step) await delay(step.pauseMs);
    else await send(socket, Buffer.from(step as string), cutting, between);
  }
}

async function send(
  socket: Socket,
  bytes: Buffer,
  cutting: Cutting,
  between: (low: number, high: number) => number,
): Promise<void> {
  if (cutting === 'whole') return void socket.write(bytes);
  for (let at = 0; at < bytes.length && !socket.destroyed;) {
    const end = at + between(1, Math.max(3, bytes.length / 8));
    socket.write(bytes.subarray(at, end));
    at = end;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** An answer by the rules, whose end is the end of the connection. */
export function answered(status: string, headers: Record<string, string>, body: string): string {
  const head = Object.entries({ connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `HTTP/1.1 ${status}\r\n${head.join('')}\r\n${body}`;
}

/** A stream in the chunked encoding, each event a chunk. */
export function streamed(events: string[], end = '0\r\n\r\n'): string {
  const chunks = events.map((event) => `${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`);
  return answered(
    '200 OK',
    { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked', 'x-request-id': 'req_raw' },
    chunks.join('') + end,
  );
}
