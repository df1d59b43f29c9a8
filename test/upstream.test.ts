import { describe, expect, it } from 'vitest';
import { SEND } from './support/client.ts';
import { startServer } from './support/server.ts';
import { says, Upstream, type Script } from './support/upstream.ts';

const KEY = 'sk-canary-0123456789';
const SAYING = 'upstream says: incorrect key sk-cana***789';

const error = (code: string | null, type = 'invalid_request_error') => ({
  error: { message: SAYING, type, param: null, code },
});

interface Failing {
  name: string;
  script: Script;
  code: string;
  /** Requests that are made. */
  requests: number;
  content?: string;
}

const FAILURES: Failing[] = [
  { name: '401', script: (a) => a.status(401, error('invalid_api_key')), code: 'UPSTREAM_AUTH', requests: 1 },
  {
    name: '404',
    script: (a) => a.status(404, error('model_not_found')),
    code: 'UPSTREAM_REJECTED',
    requests: 1,
  },
  {
    name: '429',
    script: (a) => a.status(429, error('rate_limit_exceeded', 'requests'), { 'retry-after-ms': '1' }),
    code: 'UPSTREAM_RATE_LIMIT',
    requests: 3,
  },
  {
    name: '429 without credit',
    script: (a) => a.status(429, error('insufficient_quota', 'insufficient_quota')),
    code: 'UPSTREAM_QUOTA',
    requests: 1,
  },
  {
    name: '500',
    script: (a) => a.status(500, 'oops', { 'retry-after-ms': '1' }),
    code: 'UPSTREAM_UNAVAILABLE',
    requests: 3,
  },
  {
    name: 'a prompt that is too long',
    script: (a) => a.status(400, error('context_length_exceeded')),
    code: 'CONTEXT_LENGTH_EXCEEDED',
    requests: 1,
  },
  {
    name: 'a redirect',
    script: (a) => a.status(307, '', { location: 'http://127.0.0.1:1/' }),
    code: 'UPSTREAM_PROTOCOL',
    requests: 1,
  },
  {
    name: 'a connection that breaks after a token',
    script: async (a) => {
      a.token('Half');
      await new Promise((done) => setTimeout(done, 20));
      a.cut();
    },
    code: 'UPSTREAM_PROTOCOL',
    requests: 1,
    content: 'Half',
  },
  {
    name: 'a stream without a finish reason',
    script: (a) => a.token('Half').done(),
    code: 'UPSTREAM_PROTOCOL',
    requests: 1,
    content: 'Half',
  },
  {
    name: 'an error inside the stream',
    script: (a) => void a.token('Half').event(error('server_error', 'server_error')),
    code: 'UPSTREAM_UNAVAILABLE',
    requests: 1,
    content: 'Half',
  },
  {
    name: 'a page with status 200',
    script: (a) => a.status(200, '<html>', { 'content-type': 'text/html' }),
    code: 'UPSTREAM_PROTOCOL',
    requests: 1,
  },
];

describe('a chat API that fails', () => {
  it.each(FAILURES)(
    'with $name ends the reply as $code, and says nothing of its words',
    async ({ script, code, requests, content = '' }) => {
      await using upstream = await Upstream.start();
      await using server = await startServer({
        settings: { OPENAI_BASE_URL: upstream.url, OPENAI_API_KEY: KEY },
      });
      upstream.always(script);
      const { sendMessage } = await server.get(SEND, { input: { content: 'Hello', stream: false } });
      expect(sendMessage.reply).toMatchObject({ status: 'FAILED', content, error: { code } });
      expect(upstream.requests).toHaveLength(requests);
      const { conversation } = await server.get(
        'query ($id: ID!) { conversation(id: $id) { usage { requests } } }',
        {
          id: sendMessage.conversation.id,
        },
      );
      expect(conversation.usage.requests).toBe(requests);
      const told = JSON.stringify(sendMessage) + server.logged();
      for (const secret of [KEY, 'upstream says', 'sk-cana']) expect(told).not.toContain(secret);
    },
  );

  it('is asked again before the first token, and every request is in the books', async () => {
    await using upstream = await Upstream.start();
    await using server = await startServer({ settings: { OPENAI_BASE_URL: upstream.url } });
    upstream.next((answer) => answer.status(503, '', { 'retry-after-ms': '1' }), says('There it is.'));
    const { sendMessage } = await server.get(SEND, { input: { content: 'Hello', stream: false } });
    expect(sendMessage.reply).toMatchObject({ status: 'COMPLETE', content: 'There it is.' });
    const { node } = await server.get(
      'query ($id: ID!) { node(id: $id) { ... on Message { usage { requests totalTokens } } } }',
      {
        id: sendMessage.reply.id,
      },
    );
    expect(node.usage).toEqual({ requests: 2, totalTokens: 13 });
  });
});
