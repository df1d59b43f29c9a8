import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { App } from '../app.ts';
import { createGate } from './gate.ts';
import { serveWebSockets } from './websocket.ts';

export interface Server extends AsyncDisposable {
  /** Where it listens: `http://127.0.0.1:4000`. */
  url: string;
}

const GRAPHQL_PATH = '/graphql';
// Of a WebSocket message; longer ones close the socket with 1009.
const MAX_FRAME_BYTES = 256 * 1024;

/** Opens both doors, HTTP and WebSocket, on one port. */
export async function serve(app: App): Promise<Server> {
  const gate = createGate(app);
  const server = http.createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path === GRAPHQL_PATH) void gate(request, response);
    else if (path === '/health') response.end('ok\n');
    else response.writeHead(404).end('Not found.\n');
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  const protocol = serveWebSockets(sockets, gate);
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.split('?', 1)[0] !== GRAPHQL_PATH) return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (webSocket) => sockets.emit('connection', webSocket, request));
  });
  server.listen(app.settings.PORT, app.settings.HOST);
  await once(server, 'listening');
  return {
    url: urlOf(app.settings.HOST, (server.address() as AddressInfo).port),
    async [Symbol.asyncDispose]() {
      server.close();
      for (const client of sockets.clients) client.close(1012, 'Service restart');
      await protocol.dispose();
      server.closeAllConnections();
    },
  };
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
