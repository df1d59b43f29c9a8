import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BACKENDS, type Backend } from './support/databases.ts';
import { readReply, REPLY_STREAM, SEND, type Data } from './support/client.ts';
import { startServer } from './support/server.ts';
import { gate, says, Upstream } from './support/upstream.ts';

const STOP = `mutation ($id: ID!, $mode: StopMode! = ABORT) {
  stopReply(input: { messageId: $id, mode: $mode }) {
    __typename
    ... on StopReplyPayload { reply { ...Reply } }
    ... on InvalidInputError { path }
    ... on NotFoundError { id }
  }
}
fragment Reply on Message { id status content finishReason usage { requests promptTokens completionTokens estimatedTokens } }`;

const REPLY = `query ($id: ID!) { node(id: $id) { ... on Message { ...Reply } } }
fragment Reply on Message { id status content finishReason usage { requests promptTokens completionTokens estimatedTokens } }`;

async function start(backend: Backend = 'postgres') {
  const upstream = await Upstream.start();
  const server = await startServer({ backend, settings: { OPENAI_BASE_URL: upstream.url } });
  return {
    upstream,
    server,
    send: async (input: object = {}) =>
      (await server.get(SEND, { input: { content: 'Hello', ...input } })).sendMessage,
    stop: async (id: string, mode = 'ABORT') => (await server.get(STOP, { id, mode })).stopReply,
    read: async (id: string) => (await server.get(REPLY, { id })).node,
    follow: (id: string) => readReply(server.follow(REPLY_STREAM, { id })),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** Waits for a fact; the test's own time limit ends it where it never comes true. */
async function until<T>(read: () => Promise<T>, holds: (value: T) => unknown): Promise<T> {
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    await delay(5);
  }
}

describe.each(BACKENDS)('stopReply on %s', (backend) => {
  it('with ABORT closes the request, keeps the text, and estimates what was not reported', async () => {
    await using at = await start(backend);
    const wait = gate();
    at.upstream.always(async (answer) => {
      answer.token('Some words').token(' were said');
      await wait.pass();
    });
    const { reply } = await at.send();
    const following = at.follow(reply.id);
    await until(
      () => at.read(reply.id),
      ({ content }) => content === 'Some words were said',
    );
    const stopped = await at.stop(reply.id);
    expect(stopped.reply).toMatchObject({
      status: 'STOPPED',
      content: 'Some words were said',
      finishReason: null,
    });
    expect(stopped.reply.usage).toEqual({
      requests: 1,
      promptTokens: 8,
      completionTokens: 4,
      estimatedTokens: 12,
    });
    await at.upstream.requests[0]!.closed;
    expect(at.upstream.requests[0]!.aborted).toBe(true);
    expect((await following).message).toMatchObject({ status: 'STOPPED', content: 'Some words were said' });
    for (const mode of ['ABORT', 'DRAIN']) expect(await at.stop(reply.id, mode)).toEqual(stopped);
    wait.open();
  });

  it('with DRAIN freezes the text at once, and reads on for the exact usage', async () => {
    await using at = await start(backend);
    const wait = gate();
    at.upstream.always(async (answer) => {
      answer.token('Said.');
      await wait.pass();
      answer.token(' Not shown.').finish().usage(100, 50).done();
    });
    const { reply, conversation } = await at.send();
    await until(
      () => at.read(reply.id),
      ({ content }) => content === 'Said.',
    );
    const stopped = await at.stop(reply.id, 'DRAIN');
    expect(stopped.reply).toMatchObject({ status: 'STOPPED', content: 'Said.', usage: null });
    expect((await at.follow(reply.id)).text).toBe('Said.');
    expect(at.upstream.requests[0]!.aborted).toBe(false);
    // The branch is free at once.
    at.upstream.next(says('Next.'));
    expect((await at.send({ conversationId: conversation.id, stream: false })).reply.content).toBe('Next.');
    wait.open();
    const drained = await until(
      () => at.read(reply.id),
      ({ usage }) => usage !== null,
    );
    expect(drained).toMatchObject({ status: 'STOPPED', content: 'Said.' });
    expect(drained.usage).toEqual({
      requests: 1,
      promptTokens: 100,
      completionTokens: 50,
      estimatedTokens: 0,
    });
  });
});

describe('stopReply', () => {
  it('of one of n replies leaves the others to be written', async () => {
    await using at = await start();
    const wait = gate();
    at.upstream.always(async (answer) => {
      answer.token('One', 0).token('Two', 1);
      await wait.pass();
      answer.token(' more', 0).token(' more', 1).finish('stop', 0).finish('stop', 1).usage(10, 4).done();
    });
    const { replies } = await at.send({ n: 2 });
    await until(
      () => at.read(replies[1].id),
      ({ content }) => content === 'Two',
    );
    expect((await at.stop(replies[1].id)).reply).toMatchObject({ status: 'STOPPED', content: 'Two' });
    expect(at.upstream.requests[0]!.aborted).toBe(false);
    wait.open();
    expect((await at.follow(replies[0].id)).message).toMatchObject({
      status: 'COMPLETE',
      content: 'One more',
    });
    expect(await at.read(replies[1].id)).toMatchObject({
      status: 'STOPPED',
      content: 'Two',
      usage: { requests: 1, completionTokens: 4 },
    });
  });

  it('ends the wait for the next request at once', async () => {
    await using at = await start();
    at.upstream.always((answer) => answer.status(503, '', { 'retry-after': '25' }));
    const { reply } = await at.send();
    await until(
      async () => at.upstream.requests.length,
      (requests) => requests === 1,
    );
    const stopped = await at.stop(reply.id);
    expect(stopped.reply).toMatchObject({
      status: 'STOPPED',
      content: '',
      usage: { requests: 1, completionTokens: 0 },
    });
    expect(at.upstream.requests).toHaveLength(1);
  });

  it('refuses what no model writes, and answers an unknown id as not found', async () => {
    await using at = await start();
    const { message } = await at.send({ stream: false });
    expect(await at.stop(message.id)).toMatchObject({ __typename: 'InvalidInputError', path: ['messageId'] });
    expect(await at.stop('nonsense')).toMatchObject({ __typename: 'NotFoundError', id: 'nonsense' });
  });

  it('is right in every race with the natural end: one end, one row in the books, the text a prefix', async () => {
    await using at = await start();
    const text = 'one two three four five six seven eight';
    at.upstream.always(says(text, { everyMs: 1 }));
    const runs = Array.from({ length: 40 }, async (_, index) => {
      const { reply, conversation } = await at.send();
      const following = at.follow(reply.id);
      await delay(index / 2);
      const modes = ['ABORT', 'DRAIN', 'ABORT'].slice(index % 2);
      const stops: Data[] = await Promise.all(modes.map((mode) => at.stop(reply.id, mode)));
      const { text: read, message } = await following;
      const end = await until(
        () => at.read(reply.id),
        ({ usage }) => usage !== null,
      );
      const { usage } = (
        await at.server.get('query ($id: ID!) { conversation(id: $id) { usage { requests } } }', {
          id: conversation.id,
        })
      ).conversation;
      return { read, message, end, stops, requests: usage.requests };
    });
    for (const { read, message, end, stops, requests } of await Promise.all(runs)) {
      expect(text.startsWith(end.content)).toBe(true);
      expect([read, message.content]).toEqual([end.content, end.content]);
      expect(['STOPPED', 'COMPLETE']).toContain(end.status);
      expect(end.content === text || end.status === 'STOPPED').toBe(true);
      for (const { reply } of stops) expect([reply.status, reply.content]).toEqual([end.status, end.content]);
      expect(requests).toBe(1);
    }
  });
});
