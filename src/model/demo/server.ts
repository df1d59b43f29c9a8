// A server that speaks the chat API, for the time before there is a key. It is reached through the same SDK over the same
// kind of socket as any other: what works with it has gone the whole way.
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { text as readText } from 'node:stream/consumers';
import { DEMO_MODEL } from '../../config.ts';
import { countTokens } from '../tokens.ts';
import { answer, type Turn } from './answers.ts';

// About as fast as a person reads.
const WORD_MS = 40;

interface Body {
  model: string;
  messages: Turn[];
  stream?: boolean;
  n?: number;
  max_tokens?: number;
}

export interface DemoModel extends AsyncDisposable {
  /** As OPENAI_BASE_URL would name it. */
  url: string;
}

/** Starts it on a free loopback port. */
export async function startDemoModel(): Promise<DemoModel> {
  const server = http.createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST' || request.url !== '/v1/chat/completions')
    return refuse(response, 'unknown_url');
  const body = JSON.parse(await readText(request)) as Body;
  if (body.model !== DEMO_MODEL) return refuse(response, 'model_not_found');
  const replies = Array.from({ length: body.n ?? 1 }, (_, choice) =>
    shorten(wordsOf(answer(body.messages, choice)), body.max_tokens),
  );
  const usage = await usageOf(body.messages, replies);
  if (body.stream) await stream(response, replies, usage);
  else plain(response, replies, usage);
}

function refuse(response: ServerResponse, code: string): void {
  response.writeHead(404, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      error: { message: 'The demo model has nothing else.', type: 'invalid_request_error', code },
    }),
  );
}

interface Reply {
  words: string[];
  finishReason: 'stop' | 'length';
}

function wordsOf(text: string): string[] {
  return text.match(/\s*\S+/gu) ?? [];
}

// A word is more than a token at times; for a demonstration it is near enough.
function shorten(words: string[], max = Infinity): Reply {
  return { words: words.slice(0, max), finishReason: words.length > max ? 'length' : 'stop' };
}

async function usageOf(messages: Turn[], replies: Reply[]) {
  const sum = async (texts: string[]) =>
    (await Promise.all(texts.map((text) => countTokens(text)))).reduce((a, b) => a + b, 0);
  const prompt = await sum(messages.map(({ content }) => content));
  const completion = await sum(replies.map(({ words }) => words.join('')));
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

async function stream(response: ServerResponse, replies: Reply[], usage: object): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (event: object) => response.write(`data: ${JSON.stringify({ ...HEAD, ...event })}\n\n`);
  const longest = Math.max(...replies.map(({ words }) => words.length));
  for (let at = 0; at < longest && !response.destroyed; at++) {
    replies.forEach(({ words }, index) => {
      if (at < words.length)
        send({ choices: [{ index, delta: { content: words[at] }, finish_reason: null }] });
    });
    await delay(WORD_MS);
  }
  replies.forEach(({ finishReason }, index) =>
    send({ choices: [{ index, delta: {}, finish_reason: finishReason }] }),
  );
  send({ choices: [], usage });
  response.end('data: [DONE]\n\n');
}

function plain(response: ServerResponse, replies: Reply[], usage: object): void {
  const choices = replies.map(({ words, finishReason }, index) => {
    return { index, message: { role: 'assistant', content: words.join('') }, finish_reason: finishReason };
  });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ ...HEAD, object: 'chat.completion', choices, usage }));
}

const HEAD = { id: 'demo', object: 'chat.completion.chunk', model: DEMO_MODEL };
