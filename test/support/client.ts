// Clients as users have them: plain HTTP, and an unmodified graphql-ws.
import { createClient, type ClientOptions } from 'graphql-ws';
import { WebSocket } from 'ws';

// oxlint-disable-next-line typescript/no-explicit-any -- the shape is what the test asked for.
export type Data = any;

export interface Answer {
  data: Data;
  errors?: { message: string; path?: (string | number)[]; extensions: Record<string, unknown> }[];
}

export interface Client extends AsyncDisposable {
  /** Carries out an operation over HTTP. */
  ask(query: string, variables?: Record<string, unknown>): Promise<Answer>;
  /** The same, where nothing may go wrong. */
  get(query: string, variables?: Record<string, unknown>): Promise<Data>;
  /** Follows a subscription over WebSocket. */
  follow(query: string, variables?: Record<string, unknown>): AsyncIterableIterator<Answer>;
}

/** A client of the server at this address. */
export function connect(url: string, options: Partial<ClientOptions> = {}): Client {
  const socket = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    lazy: true,
    ...options,
  });
  const ask = async (query: string, variables?: Record<string, unknown>) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as Answer;
  };
  return {
    ask,
    async get(query, variables) {
      const { data, errors } = await ask(query, variables);
      if (errors) throw new Error(JSON.stringify(errors));
      return data;
    },
    follow: (query, variables) => socket.iterate({ query, variables }) as AsyncIterableIterator<Answer>,
    async [Symbol.asyncDispose]() {
      await socket.dispose();
    },
  };
}

/** A reply as a client merges it from its events. */
export interface Followed {
  text: string;
  chunks: { offset: number; text: string }[];
  /** The message of ReplyEnded. */
  message: Data;
}

/** Reads a replyStream to its end by the merge rule. */
export async function readReply(events: AsyncIterable<Answer>, text = ''): Promise<Followed> {
  const chunks: Followed['chunks'] = [];
  let message: Data;
  for await (const { data, errors } of events) {
    if (errors) throw new Error(JSON.stringify(errors));
    const event = data.replyStream;
    if (message) throw new Error('Something came after the end.');
    if (event.__typename === 'ReplyEnded') message = event.message;
    else {
      chunks.push(event);
      text = text.slice(0, event.offset) + event.text;
    }
  }
  return { text, chunks, message };
}

export const REPLY_STREAM = `subscription ($id: ID!, $from: Int! = 0) {
  replyStream(messageId: $id, from: $from) {
    __typename
    ... on ReplyChunk { messageId offset text }
    ... on ReplyEnded { message { id content status finishReason error { code retryable retryAfter } usage { promptTokens completionTokens totalTokens cost estimatedTokens } } }
  }
}`;

export const SEND = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) {
    __typename
    ... on SendMessagePayload {
      conversation { id title version }
      message { id content role status }
      reply { id content status finishReason error { code message retryable retryAfter } }
      replies { id content status active }
    }
    ... on Error { problem: message }
    ... on InvalidInputError { path }
    ... on NotFoundError { id }
    ... on ConversationBusyError { reply { id status } }
  }
}`;
