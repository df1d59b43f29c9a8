import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { readReply, SEND } from './support/client.ts';
import { startServer } from './support/server.ts';
import { Upstream } from './support/upstream.ts';

// Without the content at the end, which would be the whole text in one frame.
const REPLY_STREAM = `subscription ($id: ID!) {
  replyStream(messageId: $id) {
    __typename
    ... on ReplyChunk { offset text }
    ... on ReplyEnded { message { status } }
  }
}`;

/** A reader over a bare socket, so that it can stop reading. */
class BareReader {
  readonly socket: WebSocket;
  readonly ended = Promise.withResolvers<void>();
  text = '';

  constructor(url: string, id: string) {
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      perMessageDeflate: false,
    });
    this.socket.on('open', () => this.#send({ type: 'connection_init' }));
    this.socket.on('message', (data: Buffer) => {
      const { type, payload } = JSON.parse(data.toString());
      if (type === 'connection_ack')
        this.#send({ id: '1', type: 'subscribe', payload: { query: REPLY_STREAM, variables: { id } } });
      if (type === 'complete') this.ended.resolve();
      const event = payload?.data?.replyStream;
      if (event?.text !== undefined) this.text = this.text.slice(0, event.offset) + event.text;
    });
  }

  /** Resolves when the first piece of the text has come. */
  async begun(): Promise<this> {
    while (this.text === '') await once(this.socket, 'message');
    return this;
  }

  #send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }
}

describe('a slow reader', () => {
  it('slows nobody else, holds no more than its socket, and gets everything when it reads on', async () => {
    await using upstream = await Upstream.start();
    await using server = await startServer({
      settings: { OPENAI_BASE_URL: upstream.url, MAX_REPLY_LENGTH: '11000000' },
    });
    const piece =
      'Ein Stück Text von hundert Zeichen, das sich wiederholt, bis zehn Megabyte daraus geworden sind. 🙂.';
    const pieces = 100_000;
    const ready = Promise.withResolvers<void>();
    upstream.always(async (answer) => {
      answer.token(piece);
      await ready.promise;
      for (let sent = 1; sent < pieces; sent++) {
        answer.token(piece);
        if (sent % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      answer.finish().usage(10, pieces).done();
    });
    const { reply } = (await server.get(SEND, { input: { content: 'Hello' } })).sendMessage;
    const paused = await Promise.all(
      Array.from({ length: 100 }, () => new BareReader(server.url, reply.id).begun()),
    );
    for (const { socket } of paused) socket.pause();
    let buffered = 0;
    const watch = setInterval(() => (buffered = Math.max(buffered, server.server.load().bufferedBytes)), 20);
    ready.resolve();
    const healthy = await readReply(server.follow(REPLY_STREAM, { id: reply.id }));
    clearInterval(watch);
    const text = piece.repeat(pieces);
    expect(healthy.text === text).toBe(true);
    expect(healthy.message.status).toBe('COMPLETE');
    // One frame each, of at most 32 KiB of text; what the kernel holds beside that is its own.
    expect(buffered).toBeLessThan(paused.length * 40_000);
    for (const reader of paused) {
      reader.socket.resume();
      await reader.ended.promise;
      expect(reader.text === text).toBe(true);
      reader.socket.close();
    }
  }, 120_000);

  it('that answers no ping is closed', async () => {
    await using server = await startServer({ pingMs: 50 });
    const deaf = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      autoPong: false,
    });
    await once(deaf, 'close');
    while (server.server.load().sockets > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
