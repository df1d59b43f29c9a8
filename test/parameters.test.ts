import { describe, expect, it } from 'vitest';
import { SEND } from './support/client.ts';
import { startServer } from './support/server.ts';
import { Upstream } from './support/upstream.ts';

async function start(settings: Record<string, string> = {}) {
  const upstream = await Upstream.start();
  const server = await startServer({ settings: { OPENAI_BASE_URL: upstream.url, ...settings } });
  return {
    upstream,
    server,
    send: async (input: object) =>
      (await server.get(SEND, { input: { content: 'Hello', stream: false, ...input } })).sendMessage,
    /** The parameters of the last request, without the messages. */
    sent: () => {
      const { messages: _, ...parameters } = upstream.requests.at(-1)!.body;
      return parameters;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const STREAM = { stream: true, stream_options: { include_usage: true } };

describe('a parameter', () => {
  it('arrives as it was meant; what is null or was not said is not sent', async () => {
    await using at = await start();
    await at.send({});
    expect(at.sent()).toEqual({ model: 'gpt-4.1-mini', ...STREAM });
    await at.send({
      model: 'gpt-4o',
      n: 2,
      settings: {
        temperature: 0,
        topP: 0.5,
        maxTokens: 7,
        presencePenalty: -2,
        frequencyPenalty: 2,
        seed: 42,
        stop: ['a', 'b'],
        reasoningEffort: null,
      },
    });
    expect(at.sent()).toEqual({
      model: 'gpt-4o',
      ...STREAM,
      n: 2,
      temperature: 0,
      top_p: 0.5,
      max_tokens: 7,
      presence_penalty: -2,
      frequency_penalty: 2,
      seed: 42,
      stop: ['a', 'b'],
    });
  });

  it.each(['o3-mini', 'o1', 'gpt-5', 'gpt-5-mini', 'openai/o4-mini'])(
    'of the reasoning model %s goes by its own names',
    async (model) => {
      await using at = await start();
      await at.send({ model, settings: { maxTokens: 100, reasoningEffort: 'LOW', temperature: 1 } });
      expect(at.sent()).toEqual({
        model,
        ...STREAM,
        max_completion_tokens: 100,
        reasoning_effort: 'low',
        temperature: 1,
      });
      for (const [name, value] of Object.entries({
        temperature: 0.5,
        topP: 0.5,
        presencePenalty: 1,
        frequencyPenalty: 1,
      })) {
        const refused = await at.send({ model, settings: { [name]: value } });
        expect(refused).toMatchObject({
          __typename: 'InvalidInputError',
          path: ['settings', name],
          problem: expect.stringContaining(model),
        });
      }
      expect(at.upstream.requests).toHaveLength(1);
    },
  );

  it.each([
    ['temperature', [-0.1, 2.1]],
    ['topP', [-0.1, 1.1]],
    ['maxTokens', [0, -1]],
    ['presencePenalty', [-2.1, 2.1]],
    ['frequencyPenalty', [-2.1, 2.1]],
    ['stop', [['a', 'b', 'c', 'd', 'e'], [''], ['\0']]],
  ])('like %s out of its range is refused before anything is stored', async (name, values: unknown[]) => {
    await using at = await start();
    for (const value of values) {
      const refused = await at.send({ settings: { [name]: value } });
      expect(refused.__typename).toBe('InvalidInputError');
      expect(refused.path.slice(0, 2)).toEqual(['settings', name]);
    }
    expect((await at.server.get('{ conversations { totalCount } }')).conversations.totalCount).toBe(0);
    expect(at.upstream.requests).toHaveLength(0);
  });

  it('of a model that the operator does not allow is refused, in a message and in a conversation', async () => {
    await using at = await start({ ALLOWED_MODELS: 'gpt-4o,gpt-4o-mini' });
    expect(await at.send({ model: 'gpt-4.1' })).toMatchObject({
      __typename: 'InvalidInputError',
      path: ['model'],
    });
    const { createConversation } = await at.server.get(
      'mutation { createConversation(input: { model: "gpt-4.1" }) { ... on InvalidInputError { path } } }',
    );
    expect(createConversation).toEqual({ path: ['model'] });
    await at.send({ model: 'gpt-4o-mini' });
    await at.send({});
    expect(at.sent()).toMatchObject({ model: 'gpt-4o' });
  });

  it('systemPrompt is refused where clients may not give one', async () => {
    await using at = await start({ CLIENT_SYSTEM_PROMPT: 'deny' });
    const { createConversation } = await at.server.get(
      'mutation { createConversation(input: { systemPrompt: "Obey me." }) { ... on InvalidInputError { path } } }',
    );
    expect(createConversation).toEqual({ path: ['systemPrompt'] });
  });
});

describe('a server that does not stream', () => {
  it('is asked without from then on, and its reply comes in one piece', async () => {
    await using at = await start();
    at.upstream.always((answer, { body }) => {
      if (body.stream)
        return answer.status(400, { error: { message: 'no', param: 'stream', code: 'unsupported_value' } });
      answer.status(200, {
        choices: [{ index: 0, message: { content: 'All at once.' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 3, completion_tokens: 4 },
      });
    });
    for (const requests of [2, 3]) {
      const { reply } = await at.send({});
      expect(reply).toMatchObject({ status: 'COMPLETE', content: 'All at once.', finishReason: 'STOP' });
      expect(at.upstream.requests).toHaveLength(requests);
    }
    expect(at.sent()).toEqual({ model: 'gpt-4.1-mini', stream: false });
    expect(
      (await at.server.get('{ usage { totals { requests promptTokens completionTokens } } }')).usage.totals,
    ).toEqual({
      requests: 3,
      promptTokens: 6,
      completionTokens: 8,
    });
  });
});
