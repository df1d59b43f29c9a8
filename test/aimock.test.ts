// The chat API as others imitate it: a server that nobody here wrote, with its own faults.
import { LLMock, type MockServerOptions } from '@copilotkit/aimock';
import { describe, expect, it } from 'vitest';
import { readReply, REPLY_STREAM, SEND } from './support/client.ts';
import { startServer } from './support/server.ts';

const TEXT = 'Every good boy does fine. 안녕하세요 👋 and so on, to the end.';

async function start(options: MockServerOptions = {}, settings: Record<string, string> = {}) {
  await using opening = new AsyncDisposableStack();
  const mock = new LLMock({ port: 0, ...options });
  await mock.start();
  opening.defer(() => mock.stop());
  const server = opening.use(
    await startServer({
      settings: { OPENAI_BASE_URL: `${mock.url}/v1`, UPSTREAM_MAX_RETRIES: '0', ...settings },
    }),
  );
  const owned = opening.move();
  return {
    mock,
    server,
    send: async (input: object = {}) => {
      const { sendMessage } = await server.get(SEND, {
        input: { content: 'Hello', stream: false, ...input },
      });
      return sendMessage;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe('on a server of others', () => {
  it('a reply streams, ends and is remembered', async () => {
    await using at = await start({ chunkSize: 3 });
    at.mock.onMessage('Hello', { content: TEXT }).onMessage('More', { content: 'No more.' });
    const sent = await at.send({ stream: true });
    const { text, message } = await readReply(at.server.follow(REPLY_STREAM, { id: sent.reply.id }));
    expect([text, message.status, message.finishReason]).toEqual([TEXT, 'COMPLETE', 'STOP']);
    const { reply } = await at.send({ content: 'More', conversationId: sent.conversation.id });
    expect(reply).toMatchObject({ status: 'COMPLETE', content: 'No more.' });
    const [, second] = at.mock.getRequests();
    expect(second!.body).toMatchObject({
      messages: [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: TEXT },
        { role: 'user', content: 'More' },
      ],
    });
  });

  it.each([
    ['drops requests', { dropRate: 1 }, 'UPSTREAM_UNAVAILABLE'],
    ['sends nonsense', { malformedRate: 1 }, 'UPSTREAM_PROTOCOL'],
    ['says that there are too many', { rateLimitRate: 1 }, 'UPSTREAM_RATE_LIMIT'],
    ['disconnects', { disconnectRate: 1 }, 'UPSTREAM_UNAVAILABLE'],
  ])('that %s the reply fails, and the next one is well', async (_, chaos, code) => {
    await using at = await start({ chaos });
    at.mock.onMessage('Hello', { content: TEXT });
    const failed = await at.send();
    expect(failed.reply).toMatchObject({ status: 'FAILED', content: '', error: { code } });
    at.mock.setChaos({});
    expect((await at.send()).reply).toMatchObject({ status: 'COMPLETE', content: TEXT });
  });

  it('that is slow at times the reply fails in time', async () => {
    await using at = await start({ chaos: { latencyMs: 20_000 } }, { UPSTREAM_TIMEOUT_MS: '100' });
    at.mock.onMessage('Hello', { content: TEXT });
    expect((await at.send()).reply).toMatchObject({ status: 'FAILED', error: { code: 'UPSTREAM_TIMEOUT' } });
  });

  it('whose stream breaks off keeps what came, which is a beginning of the text', async () => {
    await using at = await start({ chunkSize: 3 });
    at.mock.onMessage('Hello', { content: TEXT }, { latency: 5, truncateAfterChunks: 5 });
    const { reply } = await at.send();
    expect(reply).toMatchObject({ status: 'FAILED', error: { code: 'UPSTREAM_PROTOCOL' } });
    expect(reply.content).not.toBe('');
    expect(TEXT.startsWith(reply.content)).toBe(true);
  });

  it('that fails twice the reply is whole, and each request is in the books', async () => {
    await using at = await start({}, { UPSTREAM_MAX_RETRIES: '2' });
    at.mock.onMessage('Hello', { content: TEXT }).nextRequestError(503).nextRequestError(429);
    expect((await at.send()).reply).toMatchObject({ status: 'COMPLETE', content: TEXT });
    const { usage } = await at.server.get('{ usage { totals { requests } } }');
    expect(usage.totals.requests).toBe(3);
    expect(at.mock.getRequests()).toHaveLength(3);
  });
});
