// How the SDK reaches the network: node:http instead of the global fetch, whose streams cost twice the time for each
// token. Redirects are not followed, so that a prompt never goes to another address than the one that was set.
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';

// An error's answer is read no further than this: a sentence and a code are all that is looked for.
const MAX_ERROR_BYTES = 64 * 1024;

const agents = {
  'http:': new http.Agent({ keepAlive: true }),
  'https:': new https.Agent({ keepAlive: true }),
};

const bodies = new WeakMap<Response, IncomingMessage>();

/** A fetch for the SDK. What it answers with status 200 has its body in `bodyOf`; any other is read whole. */
export async function fetchByNode(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input);
  const send = url.protocol === 'https:' ? https.request : http.request;
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = send(url, {
      method: init.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
      agent: url.protocol === 'https:' ? agents['https:'] : agents['http:'],
      ...(init.signal ? { signal: init.signal } : {}),
    });
    request.once('response', resolve);
    request.once('error', reject);
    request.end(init.body);
  });
  const head = { status: statusOf(message), headers: headersOf(message) };
  if (head.status !== 200)
    return new Response(NO_BODY.has(head.status) ? null : await readStart(message), head);
  const response = new Response(null, head);
  bodies.set(response, message);
  return response;
}

/** The body of an answer with status 200, not yet read; undefined for any other. */
export function bodyOf(response: Response): IncomingMessage | undefined {
  return bodies.get(response);
}

// A Response refuses to have a body with these.
const NO_BODY = new Set([204, 205, 304]);

/** What a Response can have for a status; a server that sends anything else is as good as broken. */
function statusOf({ statusCode = 0 }: IncomingMessage): number {
  return statusCode >= 200 && statusCode <= 599 ? statusCode : 502;
}

function headersOf(message: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) headers.set(name, String(value));
  return headers;
}

async function readStart(message: IncomingMessage): Promise<string> {
  message.setEncoding('utf8');
  let text = '';
  for await (const piece of message) {
    text += piece;
    if (text.length > MAX_ERROR_BYTES) break; // Leaving the loop closes the connection.
  }
  return text;
}
