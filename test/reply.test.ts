import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Answer, readReply, REPLY_STREAM, SEND } from './support/client.ts';
import { startServer, type TestServer } from './support/server.ts';
import { gate, says, Upstream, type Gate } from './support/upstream.ts';

const TEXT = 'Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. 😀👍🏽 끝.';

async function start(settings: Record<string, string> = {}) {
  const upstream = await Upstream.start();
  const server = await startServer({ settings: { OPENAI_BASE_URL: upstream.url, ...settings } });
  return {
    upstream,
    server,
    send: async (input: object = {}) =>
      (await server.get(SEND, { input: { content: 'Hello', ...input } })).sendMessage,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** Says the first half, waits at the gate, says the rest. */
function inHalves(text: string, wait: Gate) {
  return async (answer: Parameters<ReturnType<typeof says>>[0]) => {
    const middle = text.length / 2;
    answer.token(text.slice(0, middle));
    await wait.pass();
    answer.token(text.slice(middle)).finish().usage(10, 20).done();
  };
}

const follow = (server: TestServer, id: string, from = 0) => server.follow(REPLY_STREAM, { id, from });

describe('replyStream', () => {
  it('gives the rest from any offset: live, and after the end', async () => {
    await using at = await start();
    at.upstream.always(says(TEXT, { everyMs: 2 }));
    const { reply } = await at.send();
    const offsets = Array.from({ length: TEXT.length + 1 }, (_, from) => from);
    const live = offsets.filter((from) => from % 7 === 0);
    for (const from of [live, offsets].flat()) {
      const { text, message } = await readReply(follow(at.server, reply.id, from), TEXT.slice(0, from));
      expect(text).toBe(TEXT);
      expect(message.status).toBe('COMPLETE');
    }
  });

  it.each([
    ['STOPPED', 'ABORT'],
    ['STOPPED', 'DRAIN'],
    ['FAILED', 'cut'],
    ['FAILED', 'interrupted'],
  ])('is the same for a reply that ended as %s (%s)', async (status, how) => {
    await using at = await start();
    const wait = gate();
    at.upstream.always(async (answer) => {
      answer.token(TEXT);
      await wait.pass();
      answer.cut();
    });
    const { reply } = await at.send();
    const events = follow(at.server, reply.id);
    for (let text = ''; text !== TEXT;) text = (await events.next()).value.data.replyStream.text;
    if (status === 'STOPPED') {
      await at.server.get(
        'mutation ($id: ID!, $mode: StopMode!) { stopReply(input: { messageId: $id, mode: $mode }) { __typename } }',
        { id: reply.id, mode: how },
      );
    }
    if (how === 'interrupted') await at.server.app.generations.finish(0);
    wait.open();
    expect((await readReply(events)).message).toMatchObject({ status, content: TEXT });
    for (const from of [0, 7, TEXT.length]) {
      const { text, message } = await readReply(follow(at.server, reply.id, from), TEXT.slice(0, from));
      expect({ text, status: message.status }).toEqual({ text: TEXT, status });
    }
    expect((await follow(at.server, reply.id, TEXT.length + 1).next()).value.errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it('gives the first event at once, if need be an empty text, and beyond the end waits', async () => {
    await using at = await start();
    const wait = gate();
    at.upstream.always(async (answer) => {
      answer.open();
      await wait.pass();
      answer.token('Now.').finish().done();
    });
    const { reply } = await at.send();
    const [early, beyond] = [follow(at.server, reply.id), follow(at.server, reply.id, 100)];
    expect((await early.next()).value.data.replyStream).toMatchObject({ offset: 0, text: '' });
    expect((await beyond.next()).value.data.replyStream).toMatchObject({ offset: 100, text: '' });
    wait.open();
    expect((await readReply(early)).text).toBe('Now.');
    expect((await readReply(beyond)).chunks).toEqual([]);
  });

  it.each([
    ['negative', -1],
    ['beyond the end of an ended reply', 1000],
  ])('refuses an offset that is %s', async (_, from) => {
    await using at = await start();
    const { reply } = await at.send({ stream: false });
    expect((await follow(at.server, reply.id, from).next()).value.errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it('answers what is no reply of the viewer as not found', async () => {
    await using at = await start();
    const { conversation, message } = await at.send({ stream: false });
    for (const id of ['nonsense', conversation.id]) {
      expect((await follow(at.server, id).next()).value.errors).toMatchObject([
        { extensions: { code: 'NOT_FOUND' } },
      ]);
    }
    expect((await follow(at.server, message.id).next()).value.errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it('cuts a long text into chunks of at most 32 KiB that split no character', async () => {
    await using at = await start();
    const text = '가😀é'.repeat(20_000);
    at.upstream.always((answer) => answer.token(text).finish().done());
    const { reply } = await at.send({ stream: false });
    const followed = await readReply(follow(at.server, reply.id));
    expect(followed.text).toBe(text);
    for (const chunk of followed.chunks) {
      expect(Buffer.byteLength(chunk.text)).toBeLessThanOrEqual(32 * 1024);
      expect(chunk.text.isWellFormed()).toBe(true);
    }
  });

  it('ends right by the merge rule under an unmodified client whose socket is cut', async () => {
    await using at = await start();
    const wait = gate();
    at.upstream.always(inHalves(TEXT, wait));
    const { reply } = await at.send();
    let socket: WebSocket | undefined;
    const client = createClient({
      url: `${at.server.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 5,
      on: { connected: (opened) => (socket = opened as WebSocket) },
    });
    let text = '';
    let cut = false;
    for await (const { data } of client.iterate<Answer['data']>({
      query: REPLY_STREAM,
      variables: { id: reply.id },
    })) {
      const event = data!.replyStream;
      if (event.__typename === 'ReplyEnded') break;
      text = text.slice(0, event.offset) + event.text;
      if (text !== '' && !cut) {
        cut = true;
        socket!.terminate();
        wait.open();
      }
    }
    await client.dispose();
    expect(cut).toBe(true);
    expect(text).toBe(TEXT);
  });

  it('releases followers that leave at once, over WebSocket and server-sent events', async () => {
    await using at = await start();
    const wait = gate();
    at.upstream.always(inHalves(TEXT, wait));
    const { reply } = await at.send();
    await wait.reached;
    const live = at.server.app.live.find(internalId(reply.id))!;
    const sockets = [follow(at.server, reply.id), follow(at.server, reply.id)];
    for (const events of sockets) await events.next();
    const leave = new AbortController();
    const response = await fetch(`${at.server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: REPLY_STREAM, variables: { id: reply.id } }),
      signal: leave.signal,
    });
    const stream = response.body!.getReader();
    await stream.read();
    expect(live.followers).toBe(3);
    leave.abort();
    for (const events of sockets) await events.return!();
    while (live.followers > 0) await delay(5); // The test's own time limit ends it where they are not released.
    wait.open();
    expect((await readReply(follow(at.server, reply.id))).text).toBe(TEXT);
  });

  it('is the same over server-sent events', async () => {
    await using at = await start();
    at.upstream.always(says(TEXT, { everyMs: 2 }));
    const { reply } = await at.send();
    const response = await fetch(`${at.server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: REPLY_STREAM, variables: { id: reply.id } }),
    });
    const events = (await response.text()).matchAll(/^event: next\ndata: (.*)$/gm);
    const answers = [...events].map(([, data]) => JSON.parse(data!) as Answer);
    const { text, message } = await readReply(iterate(answers));
    expect(text).toBe(TEXT);
    expect(message.status).toBe('COMPLETE');
  });
});

function internalId(globalId: string): string {
  return Buffer.from(globalId, 'base64url').toString().split(':')[1]!;
}

async function* iterate<T>(values: T[]): AsyncIterable<T> {
  yield* values;
}
