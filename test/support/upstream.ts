// A server that speaks the chat API, for tests: what it answers is a script, written on a real socket.
import { once } from 'node:events';
import http, { type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { json } from 'node:stream/consumers';

/** What the product has sent. */
export interface Received {
  body: ChatRequest;
  headers: IncomingHttpHeaders;
  /** Resolves when the connection is closed, by whichever side, or the answer is complete. */
  closed: Promise<void>;
  /** Whether the product closed it before the answer was complete. */
  aborted: boolean;
}

export interface ChatRequest {
  model: string;
  messages: { role: string; content: string }[];
  stream?: boolean;
  n?: number;
  [parameter: string]: unknown;
}

/** How a request is answered. */
export type Script = (answer: Answer, received: Received) => void | Promise<void>;

/** What a script can do. */
export class Answer {
  readonly response: ServerResponse;

  constructor(response: ServerResponse) {
    this.response = response;
  }

  /** Begins a stream. */
  open(headers: Record<string, string> = {}): this {
    this.response.writeHead(200, {
      'content-type': 'text/event-stream',
      'x-request-id': 'req_test',
      ...headers,
    });
    this.response.flushHeaders();
    return this;
  }

  event(data: unknown): this {
    return this.raw(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  }

  raw(text: string | Buffer): this {
    if (!this.response.headersSent) this.open();
    if (!this.response.destroyed) this.response.write(text);
    return this;
  }

  token(content: string, index = 0): this {
    return this.event({ choices: [{ index, delta: { content }, finish_reason: null }] });
  }

  finish(reason = 'stop', index = 0): this {
    return this.event({ choices: [{ index, delta: {}, finish_reason: reason }] });
  }

  usage(prompt: number, completion: number, details: { cached?: number; reasoning?: number } = {}): this {
    return this.event({ choices: [], usage: usageOf(prompt, completion, details) });
  }

  done(): void {
    this.raw('data: [DONE]\n\n').response.end();
  }

  /** An answer that is no stream. */
  status(status: number, body: unknown = {}, headers: Record<string, string> = {}): void {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  }

  /** Breaks the connection off, as a server that dies does. */
  cut(): void {
    this.response.socket?.resetAndDestroy();
  }

  get gone(): boolean {
    return this.response.destroyed;
  }
}

export function usageOf(prompt: number, completion: number, { cached = 0, reasoning = 0 } = {}) {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}

/** Says these words, one token each, and reports 10 tokens of prompt and one for each word. */
export function says(text: string, { everyMs = 0 } = {}): Script {
  return async (answer, { body }) => {
    const words = text.match(/\s*\S+/gu) ?? [];
    const choices = Array.from({ length: body.n ?? 1 }, (_, index) => index);
    answer.open();
    for (const word of words) {
      for (const index of choices) answer.token(word, index);
      if (everyMs > 0) await delay(everyMs);
      if (answer.gone) return;
    }
    for (const index of choices) answer.finish('stop', index);
    answer.usage(10, words.length * choices.length).done();
  };
}

export interface Gate {
  /** Lets the script go on. */
  open(): void;
  /** Resolves when the script has come here. */
  reached: Promise<void>;
  pass(): Promise<void>;
}

/** A place in a script at which it waits until the test says so. */
export function gate(): Gate {
  const opened = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  return {
    open: opened.resolve,
    reached: reached.promise,
    pass: () => {
      reached.resolve();
      return opened.promise;
    },
  };
}

export class Upstream implements AsyncDisposable {
  readonly requests: Received[] = [];
  readonly #server: http.Server;
  #script: Script = says('Hello from upstream.');
  #next: Script[] = [];

  private constructor(server: http.Server) {
    this.#server = server;
    server.on('request', async (request, response) => {
      const closed = Promise.withResolvers<void>();
      const body = (await json(request)) as ChatRequest;
      const received: Received = { body, headers: request.headers, closed: closed.promise, aborted: false };
      response.on('close', () => {
        received.aborted = !response.writableFinished;
        closed.resolve();
      });
      this.requests.push(received);
      await (this.#next.shift() ?? this.#script)(new Answer(response), received);
    });
  }

  static async start(): Promise<Upstream> {
    const server = http.createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Upstream(server);
  }

  /** As OPENAI_BASE_URL would name it. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  /** Every request from now on is answered so. */
  always(script: Script): void {
    this.#script = script;
  }

  /** The next requests are answered so, one after another. */
  next(...scripts: Script[]): void {
    this.#next.push(...scripts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
