// What chat APIs do, one row a behaviour: how the reply ends, how often the API was asked, and what is in the books.
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SEND } from './support/client.ts';
import { BEHAVIOURS } from './support/behaviours/index.ts';
import { KEY, SAYING } from './support/behaviours/pieces.ts';
import { random } from './support/random.ts';
import { RawUpstream, type Cutting } from './support/raw-upstream.ts';
import { startServer } from './support/server.ts';

const generator = random();

const BOOKS = `query ($id: ID!) {
  node(id: $id) {
    ... on Message { usage { requests promptTokens completionTokens cachedTokens reasoningTokens estimatedTokens } refusal }
  }
}`;

const rows = BEHAVIOURS.flatMap((behaviour) =>
  (['whole', 'anywhere'] as Cutting[]).map((cutting) => ({ ...behaviour, cutting })),
);

describe('the chat API', () => {
  it.each(rows)(
    `that sends $name (cut: $cutting) (${generator.seed})`,
    async ({ answer, cutting, settings, ends, books }) => {
      await using upstream = await RawUpstream.start(answer, cutting, generator);
      await using server = await startServer({
        settings: { OPENAI_BASE_URL: upstream.url, OPENAI_API_KEY: KEY, ...settings },
      });
      const { sendMessage } = await server.get(SEND, { input: { content: 'Hello', stream: false } });
      const { status, content, finishReason, error } = sendMessage.reply;
      const { requests, retryAfter, ...end } = { requests: 1, content: '', ...ends };
      expect({ status, content, finishReason, code: error?.code }).toEqual({
        finishReason: null,
        code: undefined,
        ...end,
      });
      if (retryAfter !== undefined) expect(error.retryAfter).toBe(retryAfter);
      expect(upstream.requests).toHaveLength(requests);
      const { node } = await server.get(BOOKS, { id: sendMessage.reply.id });
      expect(node.usage.requests).toBe(requests);
      expect({ ...node.usage, refusal: node.refusal }).toMatchObject(books ?? {});
      while (upstream.open > 0 && status === 'FAILED') await delay(5);
      const told = JSON.stringify(sendMessage) + server.logged();
      for (const secret of [KEY, SAYING, KEY.slice(0, 8)]) expect(told).not.toContain(secret);
    },
  );
});
