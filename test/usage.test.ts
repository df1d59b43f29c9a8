import { describe, expect, it } from 'vitest';
import { BACKENDS } from './support/databases.ts';
import { SEND, type Data } from './support/client.ts';
import { startServer } from './support/server.ts';
import { Upstream } from './support/upstream.ts';

const REPORT = `query ($groupBy: [UsageDimension!]!, $first: Int, $after: String, $orderBy: UsageOrder! = COST_DESC, $model: String) {
  usage(groupBy: $groupBy, first: $first, after: $after, orderBy: $orderBy, model: $model) {
    nodes { day model conversationId conversation { title } userId usage { ...Amounts } }
    totals { ...Amounts }
    pageInfo { hasNextPage endCursor }
  }
}
fragment Amounts on Usage { requests promptTokens cachedTokens completionTokens reasoningTokens totalTokens cost unpricedTokens estimatedTokens }`;

describe.each(BACKENDS)('usage on %s', (backend) => {
  it('sums to the same by conversation, day and model, with each kind of token priced once', async () => {
    await using upstream = await Upstream.start();
    await using server = await startServer({ backend, settings: { OPENAI_BASE_URL: upstream.url } });
    upstream.always((answer) =>
      answer.token('Hi').finish().usage(1000, 100, { cached: 400, reasoning: 60 }).done(),
    );
    const send = async (content: string, model: string) => {
      await server.get(SEND, { input: { content, model, stream: false } });
    };
    await send('One', 'gpt-4.1-mini');
    await send('Two', 'gpt-4.1-mini');
    await send('Three', 'a-model-that-nobody-knows');
    const report = async (groupBy: string[], more: object = {}) =>
      (await server.get(REPORT, { groupBy, ...more })).usage;

    const one = {
      requests: 1,
      promptTokens: 1000,
      cachedTokens: 400,
      completionTokens: 100,
      reasoningTokens: 60,
      totalTokens: 1100,
    };
    // 600 at $0.4, 400 at $0.1 and 100 at $1.6 for a million.
    const priced = { ...one, cost: '0.00044', unpricedTokens: 0, estimatedTokens: 0 };
    const unpriced = { ...one, cost: null, unpricedTokens: 1100, estimatedTokens: 0 };
    const totals = {
      requests: 3,
      promptTokens: 3000,
      cachedTokens: 1200,
      completionTokens: 300,
      reasoningTokens: 180,
      totalTokens: 3300,
      cost: '0.00088',
      unpricedTokens: 1100,
      estimatedTokens: 0,
    };

    const byConversation = await report(['CONVERSATION']);
    expect(byConversation.totals).toEqual(totals);
    expect(byConversation.nodes.map(({ conversation, usage }: Data) => [conversation.title, usage])).toEqual(
      expect.arrayContaining([
        ['One', priced],
        ['Two', priced],
        ['Three', unpriced],
      ]),
    );
    expect(byConversation.nodes.at(-1).conversation.title).toBe('Three');
    const byModel = await report(['MODEL'], { orderBy: 'TOKENS_DESC' });
    expect(byModel.nodes.map(({ model, usage }: Data) => [model, usage.requests, usage.cost])).toEqual([
      ['gpt-4.1-mini', 2, '0.00088'],
      ['a-model-that-nobody-knows', 1, null],
    ]);
    const today = new Date().toISOString().slice(0, 10);
    expect((await report(['DAY'])).nodes).toMatchObject([
      { day: today, model: null, conversation: null, usage: totals },
    ]);
    expect((await report([])).nodes).toMatchObject([{ day: null, usage: totals }]);
    expect((await report(['MODEL', 'CONVERSATION'], { model: 'gpt-4.1-mini' })).nodes).toHaveLength(2);

    const first = await report(['CONVERSATION'], { first: 2 });
    const second = await report(['CONVERSATION'], { first: 2, after: first.pageInfo.endCursor });
    expect([...first.nodes, ...second.nodes]).toEqual(byConversation.nodes);
    expect(second).toMatchObject({ pageInfo: { hasNextPage: false }, totals });
  });
});

describe('usage', () => {
  it.each([
    ['a time zone that is none', 'timeZone: "Mars/Olympus"'],
    ['an end before the beginning', 'from: "2026-02-02", to: "2026-02-01"'],
    ['a day that is none', 'from: "2026-02-30"'],
    ['a cursor that is none', 'after: "x"'],
    ['NUL', 'model: "\\u0000"'],
  ])('refuses %s', async (_, args) => {
    await using server = await startServer();
    const { errors } = await server.ask(`{ usage(${args}) { totals { requests } } }`);
    expect(errors?.[0]!.extensions['code']).toMatch(/BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED/);
  });

  it('of everybody is for an ADMIN', async () => {
    await using server = await startServer();
    for (const args of ['groupBy: [USER]', 'userId: "somebody"']) {
      const { errors } = await server.ask(`{ usage(${args}) { totals { requests } } }`);
      expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    }
    expect(
      (
        await server.get(
          '{ usage(userId: "local") { totals { requests cost } nodes { usage { requests } } } }',
        )
      ).usage,
    ).toEqual({
      totals: { requests: 0, cost: null },
      nodes: [{ usage: { requests: 0 } }],
    });
  });
});

describe('viewer and models', () => {
  it('say who is asking and what may be asked', async () => {
    await using server = await startServer({
      settings: { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', ALLOWED_MODELS: 'gpt-4.1-mini,my-own' },
    });
    expect(
      await server.get(
        '{ viewer { id name role quota { tokensUsed tokenLimit costUsed costLimit } } models { id contextWindow promptPrice cachedPromptPrice completionPrice isDefault } }',
      ),
    ).toEqual({
      viewer: {
        id: 'local',
        name: null,
        role: 'USER',
        quota: { tokensUsed: 0, tokenLimit: null, costUsed: '0', costLimit: null },
      },
      models: [
        {
          id: 'gpt-4.1-mini',
          contextWindow: 1000000,
          promptPrice: '0.4',
          cachedPromptPrice: '0.1',
          completionPrice: '1.6',
          isDefault: true,
        },
        {
          id: 'my-own',
          contextWindow: null,
          promptPrice: null,
          cachedPromptPrice: null,
          completionPrice: null,
          isDefault: false,
        },
      ],
    });
    const { sendMessage } = await server.get(SEND, { input: { content: 'Hi', model: 'gpt-4o' } });
    expect(sendMessage).toMatchObject({ __typename: 'InvalidInputError', path: ['model'] });
  });
});
