import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DatabaseProxy } from './support/database-proxy.ts';
import { createDatabase } from './support/databases.ts';
import { readReply, REPLY_STREAM, SEND, type Data } from './support/client.ts';
import { startServer } from './support/server.ts';
import { gate, Upstream } from './support/upstream.ts';

async function start(settings: Record<string, string> = {}) {
  const upstream = await Upstream.start();
  const proxy = await DatabaseProxy.start(await createDatabase());
  const server = await startServer({
    settings: { OPENAI_BASE_URL: upstream.url, DATABASE_URL: proxy.url, ...settings },
  });
  return {
    upstream,
    proxy,
    server,
    ready: async () => (await fetch(`${server.url}/ready`)).status,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const OUTAGES = {
  frozen: (proxy: DatabaseProxy) => proxy.freeze(),
  'killed and gone for a while': (proxy: DatabaseProxy) => proxy.refuse(),
};

describe('while the database is away', () => {
  it.each(Object.entries(OUTAGES))(
    '(%s) replies stream on from memory, and settle when it is back',
    async (_, outage) => {
      await using at = await start();
      const [before, during] = [gate(), gate()];
      at.upstream.always(async (answer) => {
        answer.token('Before, ');
        await before.pass();
        answer.token('during, ');
        await during.pass();
        answer.token('after.').finish().usage(10, 6).done();
      });
      const sent: Data[] = await Promise.all(
        Array.from(
          { length: 20 },
          async () => (await at.server.get(SEND, { input: { content: 'Hello' } })).sendMessage,
        ),
      );
      const texts = sent.map(() => '');
      const ends = sent.map(async ({ reply }, index) => {
        for await (const { data } of at.server.follow(REPLY_STREAM, { id: reply.id })) {
          const event = data.replyStream;
          if (event.message) return event.message;
          texts[index] = texts[index]!.slice(0, event.offset) + event.text;
        }
        throw new Error('No end.');
      });
      await before.reached;
      outage(at.proxy);
      before.open();
      while (texts.some((text) => text !== 'Before, during, ')) await delay(5);
      during.open();
      while (texts.some((text) => text !== 'Before, during, after.')) await delay(5);

      const began = performance.now();
      const { errors } = await at.server.ask(SEND, { input: { content: 'In vain' } });
      expect(errors).toMatchObject([
        { message: expect.stringContaining('does not answer'), extensions: { code: 'UNAVAILABLE' } },
      ]);
      // The contract's own figure, not a measurement.
      expect(performance.now() - began).toBeLessThan(5000);
      expect(await at.ready()).toBe(503);
      expect((await fetch(`${at.server.url}/health`)).status).toBe(200);

      at.proxy.restore();
      for (const message of await Promise.all(ends)) {
        expect(message).toMatchObject({
          status: 'COMPLETE',
          content: 'Before, during, after.',
          usage: { totalTokens: 16, estimatedTokens: 0 },
        });
      }
      while ((await at.ready()) !== 200) await delay(5);
      const { conversations, usage } = await at.server.get(
        '{ conversations { totalCount } usage { totals { requests totalTokens } } }',
      );
      expect(conversations.totalCount).toBe(20);
      expect(usage.totals).toEqual({ requests: 20, totalTokens: 320 });
    },
    60_000,
  );

  it('a reply that is under way when it comes back is not taken from its writer, however short the leases', async () => {
    await using at = await start({ LEASE_MS: '500' });
    const wait = gate();
    at.upstream.always(async (answer) => {
      answer.token('Long ');
      await wait.pass();
      answer.token('enough.').finish().usage(10, 2).done();
    });
    const { reply } = (await at.server.get(SEND, { input: { content: 'Hello' } })).sendMessage;
    const following = readReply(at.server.follow(REPLY_STREAM, { id: reply.id }));
    await wait.reached;
    at.proxy.refuse();
    await delay(1200); // More than twice the lease: had it been swept, it would end as interrupted.
    at.proxy.restore();
    while ((await at.ready()) !== 200) await delay(5);
    wait.open();
    expect((await following).message).toMatchObject({ status: 'COMPLETE', content: 'Long enough.' });
  });
});
