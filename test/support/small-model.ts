import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SEND } from './client.ts';
import { startServer } from './server.ts';
import { Upstream } from './upstream.ts';

/** A model whose context window holds so many tokens. */
function modelsOf(contextWindow: number): string {
  const file = join(mkdtempSync(join(tmpdir(), 'parley-prices-')), 'prices.json');
  writeFileSync(
    file,
    JSON.stringify({ small: { contextWindow, promptPrice: '1', completionPrice: 2 }, endless: {} }),
  );
  return file;
}

/** A server whose model is small, with what tests of the context window ask of it. */
export async function startWithWindow(contextWindow: number, settings: Record<string, string> = {}) {
  const upstream = await Upstream.start();
  const server = await startServer({
    settings: {
      OPENAI_BASE_URL: upstream.url,
      OPENAI_MODEL: 'small',
      MODEL_PRICES: modelsOf(contextWindow),
      ...settings,
    },
  });
  const CONTEXT =
    'query ($id: ID!) { node(id: $id) { ... on Message { context { messagesSent messagesDropped promptTokensEstimated contextWindow } } } }';
  return {
    upstream,
    server,
    send: async (input: object) =>
      (await server.get(SEND, { input: { stream: false, ...input } })).sendMessage,
    context: async (id: string) => (await server.get(CONTEXT, { id })).node.context,
    estimate: async (input: object) =>
      (
        await server.get(
          `query ($input: EstimateReplyInput!) {
            estimateReply(input: $input) {
              __typename
              ... on ReplyEstimate { context { messagesSent messagesDropped promptTokensEstimated contextWindow } maxCompletionTokens maxCost }
              ... on InvalidInputError { path }
              ... on NotFoundError { id }
              ... on ContextLengthExceededError { tokens contextWindow }
            }
          }`,
          { input },
        )
      ).estimateReply,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}
