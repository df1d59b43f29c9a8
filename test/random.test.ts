// Streams under whatever can be done to them, at random. A failure names the seed; TEST_SEED repeats the run.
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { REPLY_STREAM, SEND, type Data } from './support/client.ts';
import { alphabet, random } from './support/random.ts';
import { startServer, type TestServer } from './support/server.ts';
import { Upstream, type Script } from './support/upstream.ts';

const { seed, pick, between } = random();
const REPLIES = 25;
const FOLLOWERS = 6;

/** A text of characters of every kind. */
function anyText(): string {
  const length = pick([0, 1, 50, 500, 20_000]);
  return Array.from({ length: between(0, length) }, () => pick(alphabet)).join('');
}

/** Says the text in tokens that split it anywhere, in packets that split the bytes anywhere. */
function saysAnyhow(text: string): Script {
  return async (answer) => {
    answer.open();
    let bytes = Buffer.alloc(0);
    const event = (data: unknown) =>
      (bytes = Buffer.concat([bytes, Buffer.from(`data: ${JSON.stringify(data)}\n\n`)]));
    for (let at = 0; at < text.length;) {
      const end = at + between(1, Math.max(1, text.length / 20));
      event({ choices: [{ index: 0, delta: { content: text.slice(at, end) }, finish_reason: null }] });
      at = end;
    }
    event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
    event('[DONE]');
    for (let at = 0; at < bytes.length;) {
      const end = at + between(1, Math.max(1, bytes.length / 15));
      answer.raw(bytes.subarray(at, end));
      at = end;
      if (between(0, 2) === 0) await delay(between(0, 4));
    }
    answer.response.end();
  };
}

/** Follows a reply to its end, leaving and coming back anywhere, now and then without saying how far it has come. */
async function followAnyhow(
  server: TestServer,
  id: string,
): Promise<{ text: string; message: Data; pieces: { offset: number; text: string }[] }> {
  let text = '';
  const pieces: { offset: number; text: string }[] = [];
  for (;;) {
    const from = pick([text.length, text.length, 0, between(0, text.length)]);
    const patience = between(1, 6);
    let events = 0;
    for await (const { data, errors } of server.follow(REPLY_STREAM, { id, from })) {
      expect(errors, seed).toBeUndefined();
      const event = data.replyStream;
      if (event.message) return { text, message: event.message, pieces };
      expect(event.offset, `${seed}: a gap`).toBeLessThanOrEqual(text.length);
      text = text.slice(0, event.offset) + event.text;
      pieces.push(event);
      if (between(0, 3) === 0) await delay(between(0, 10));
      if (++events === patience) break;
    }
  }
}

describe('any text, in any pieces, followed anyhow', () => {
  it(`is merged to what is stored (${seed})`, async () => {
    await using upstream = await Upstream.start();
    await using server = await startServer({
      settings: { OPENAI_BASE_URL: upstream.url, CHECKPOINT_MS: '10' },
    });
    const texts = Array.from({ length: REPLIES }, anyText);
    // Each is found by its number, since sends at once come in any order.
    upstream.always((answer, received) =>
      saysAnyhow(texts[Number(received.body.messages[0]!.content)]!)(answer, received),
    );
    await Promise.all(
      texts.map(async (text, index) => {
        const { reply } = (await server.get(SEND, { input: { content: String(index) } })).sendMessage;
        const followed = await Promise.all(
          Array.from({ length: FOLLOWERS }, () => followAnyhow(server, reply.id)),
        );
        const { node } = await server.get(
          'query ($id: ID!) { node(id: $id) { ... on Message { content status } } }',
          { id: reply.id },
        );
        expect(node, seed).toEqual({ content: text.replaceAll('\0', '').toWellFormed(), status: 'COMPLETE' });
        for (const { text: merged, message, pieces } of followed) {
          expect(merged === node.content, `${seed}: merged is not stored`).toBe(true);
          expect(message.content === node.content, `${seed}: the end is not what is stored`).toBe(true);
          for (const piece of pieces) {
            expect(node.content.startsWith(piece.text, piece.offset), `${seed}: overlaps differ`).toBe(true);
            expect(piece.text.isWellFormed(), seed).toBe(true);
          }
        }
      }),
    );
  }, 120_000);
});
