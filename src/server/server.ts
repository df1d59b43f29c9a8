import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { App } from '../app.ts';
import { createGate } from './gate.ts';
import { readinessOf } from './health.ts';
import { LOCAL_VIEWER } from '../viewer.ts';
import { serveWebSockets } from './websocket.ts';
import { Work } from './work.ts';

/**
 * Both doors on one port.
 *
 *   serving ──shutDown──> draining (no new sends; replies under way may finish) ──> closed
 */
export interface Server extends AsyncDisposable {
  /** Where it listens: `http://127.0.0.1:4000`. */
  url: string;
  /** The open WebSockets, and how many bytes wait in their buffers for readers that are slow. */
  load(): { sockets: number; bufferedBytes: number };
  /** Takes no new work, lets replies finish within the grace, interrupts the rest, and closes every connection. */
  shutDown(): Promise<void>;
}

const GRAPHQL_PATH = '/graphql';
// Of a WebSocket message; longer ones close the socket with 1009.
const MAX_FRAME_BYTES = 256 * 1024;

// How long what is under way may take to be sent, and clients to say good-bye.
const GOODBYE_MS = 1000;

/**
 * @param pingMs how often each WebSocket is asked whether its peer is there; who does not answer until the next time is
 * closed.
 * @throws Error where the port is taken
 */
export async function serve(
  app: App,
  { pingMs = 12_000 }: { pingMs?: number | undefined } = {},
): Promise<Server> {
  const gate = createGate(app);
  const work = new Work();
  const server = http.createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path === GRAPHQL_PATH) void gate(request, response, { viewer: LOCAL_VIEWER, work });
    else if (path === '/health') text(response, 200, 'ok\n');
    else if (path === '/ready')
      void readinessOf(app).then((state) => text(response, state.ready ? 200 : 503, state.text));
    else text(response, 404, 'Not found.\n');
  });
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  const protocol = serveWebSockets(sockets, gate, work, pingMs);
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.split('?', 1)[0] !== GRAPHQL_PATH) return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      sockets.emit('connection', webSocket, request),
    );
  });
  server.listen(app.settings.PORT, app.settings.HOST);
  await once(server, 'listening');
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= closeAll(server, sockets, protocol, work));
  return {
    url: urlOf(app.settings.HOST, (server.address() as AddressInfo).port),
    load: () => ({
      sockets: sockets.clients.size,
      bufferedBytes: [...sockets.clients].reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0),
    }),
    async shutDown() {
      await app.generations.finish(app.settings.SHUTDOWN_GRACE_MS);
      await close();
    },
    [Symbol.asyncDispose]: close,
  };
}

function text(response: http.ServerResponse, status: number, body: string): void {
  response
    .writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
    .end(body);
}

/**
 * Lets what is being carried out be sent, and closes. 1012 tells clients to come back, to this server when it is there
 * again or to another one.
 */
async function closeAll(
  server: http.Server,
  sockets: WebSocketServer,
  protocol: { dispose(): unknown },
  work: Work,
) {
  const patience = AbortSignal.timeout(GOODBYE_MS);
  const impatient = once(patience, 'abort');
  const closed = once(server.close(), 'close');
  await Promise.race([work.idle(), impatient]);
  for (const client of sockets.clients) client.close(1012, 'Service restart');
  void impatient.then(() => {
    for (const client of sockets.clients) client.terminate();
  });
  await protocol.dispose();
  server.closeIdleConnections();
  await Promise.race([closed, impatient]);
  server.closeAllConnections();
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
