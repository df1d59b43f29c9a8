import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { BACKENDS, emptyDatabase } from './support/databases.ts';
import { readReply, REPLY_STREAM, SEND } from './support/client.ts';
import { startProcess } from './support/process.ts';
import { gate, Upstream } from './support/upstream.ts';

const REPLY = `query ($id: ID!) {
  node(id: $id) { ... on Message { status content error { code } usage { requests estimatedTokens } } }
}`;

/** A bare socket, to see how it is closed. */
async function openSocket(url: string): Promise<{ closed: Promise<number> }> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  return { closed: once(socket, 'close').then(([code]) => code as number) };
}

describe.each(BACKENDS)('SIGTERM on %s', (backend) => {
  it('lets a reply finish within the grace, takes nothing new, and tells sockets to come back', async () => {
    await using upstream = await Upstream.start();
    const wait = gate();
    upstream.always(async (answer) => {
      answer.token('Half');
      await wait.pass();
      answer.token(' and whole.').finish().usage(10, 3).done();
    });
    const settings = {
      ...(await emptyDatabase(backend)),
      OPENAI_BASE_URL: upstream.url,
      SHUTDOWN_GRACE_MS: '20000',
    };
    let id: string;
    {
      await using server = await startProcess(settings);
      expect((await fetch(`${server.url}/ready`)).status).toBe(200);
      id = (await server.get(SEND, { input: { content: 'Hello' } })).sendMessage.reply.id;
      const following = readReply(server.follow(REPLY_STREAM, { id }));
      const { closed } = await openSocket(server.url);
      await wait.reached;
      const stopping = server.stop('SIGTERM');
      let ready = await fetch(`${server.url}/ready`);
      while (ready.status === 200) ready = await fetch(`${server.url}/ready`);
      expect(await ready.text()).toBe('database ok\nserver shutting down\n');
      expect((await fetch(`${server.url}/health`)).status).toBe(200);
      const { errors } = await server.ask(SEND, { input: { content: 'Too late' } });
      expect(errors).toMatchObject([{ extensions: { code: 'UNAVAILABLE' } }]);
      wait.open();
      expect((await following).message).toMatchObject({ status: 'COMPLETE', content: 'Half and whole.' });
      expect(await closed).toBe(1012);
      expect(await stopping).toBe(0);
    }
    await using again = await startProcess(settings);
    expect((await again.get(REPLY, { id })).node).toEqual({
      status: 'COMPLETE',
      content: 'Half and whole.',
      error: null,
      usage: { requests: 1, estimatedTokens: 0 },
    });
  });

  it('after the grace interrupts what is left, and keeps it with its row in the books', async () => {
    await using upstream = await Upstream.start();
    upstream.always(async (answer, { closed }) => {
      answer.token('Half');
      await closed;
    });
    const settings = {
      ...(await emptyDatabase(backend)),
      OPENAI_BASE_URL: upstream.url,
      SHUTDOWN_GRACE_MS: '1',
    };
    let id: string;
    {
      await using server = await startProcess(settings);
      id = (await server.get(SEND, { input: { content: 'Hello' } })).sendMessage.reply.id;
      const events = server.follow(REPLY_STREAM, { id });
      for (let text = ''; text === '';) text = (await events.next()).value.data.replyStream.text;
      const following = readReply(events, 'Half');
      expect(await server.stop('SIGINT')).toBe(0);
      expect((await following).message).toMatchObject({
        status: 'FAILED',
        content: 'Half',
        error: { code: 'INTERRUPTED', retryable: true },
      });
      expect(upstream.requests[0]!.aborted).toBe(true);
    }
    await using again = await startProcess(settings);
    expect((await again.get(REPLY, { id })).node).toEqual({
      status: 'FAILED',
      content: 'Half',
      error: { code: 'INTERRUPTED' },
      usage: { requests: 1, estimatedTokens: expect.any(Number) },
    });
  });

  it('a second time ends the process at once, without losing what was acknowledged', async () => {
    await using upstream = await Upstream.start();
    upstream.always(async (answer, { closed }) => {
      answer.token('Half');
      await closed;
    });
    const settings = { ...(await emptyDatabase(backend)), OPENAI_BASE_URL: upstream.url, LEASE_MS: '500' };
    let id: string;
    {
      await using server = await startProcess(settings);
      id = (await server.get(SEND, { input: { content: 'Hello' } })).sendMessage.reply.id;
      const stopping = server.stop('SIGTERM');
      while (!server.output().stderr.includes('shutting down')) await delay(5);
      await server.stop('SIGTERM');
      expect(await stopping).toBe(1);
    }
    await using again = await startProcess(settings);
    const { message } = await readReply(again.follow(REPLY_STREAM, { id }));
    expect(message).toMatchObject({ status: 'FAILED', error: { code: 'INTERRUPTED' } });
  });
});
