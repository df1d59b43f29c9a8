import { describe, expect, it } from 'vitest';
import { BACKENDS } from './support/databases.ts';
import { SEND, type Data } from './support/client.ts';
import { startServer, type TestServer } from './support/server.ts';
import { gate, Upstream } from './support/upstream.ts';

const CREATE = `mutation ($input: CreateConversationInput!) {
  createConversation(input: $input) {
    __typename
    ... on CreateConversationPayload { conversation { ...All } }
    ... on InvalidInputError { path }
  }
}
fragment All on Conversation {
  id title systemPrompt model settings { temperature maxTokens stop } archivedAt lastMessageAt version
}`;

const UPDATE = `mutation ($input: UpdateConversationInput!) {
  updateConversation(input: $input) {
    __typename
    ... on UpdateConversationPayload { conversation { id title systemPrompt model settings { temperature maxTokens } archivedAt version } }
    ... on InvalidInputError { path }
    ... on NotFoundError { id }
  }
}`;

const DELETE = `mutation ($id: ID!) {
  deleteConversation(input: { id: $id }) { __typename ... on DeleteConversationPayload { deletedId } ... on NotFoundError { id } }
}`;

async function create(server: TestServer, input: object = {}): Promise<Data> {
  return (await server.get(CREATE, { input })).createConversation.conversation;
}

describe.each(BACKENDS)('conversations on %s', (backend) => {
  it('are created, changed field by field, and deleted', async () => {
    await using server = await startServer({ backend });
    const made = await create(server, {
      title: 'Plans',
      systemPrompt: 'Be short.',
      settings: { temperature: 0.5, maxTokens: 10 },
    });
    expect(made).toMatchObject({
      title: 'Plans',
      systemPrompt: 'Be short.',
      model: 'demo',
      version: 1,
      archivedAt: null,
      lastMessageAt: null,
    });

    const change = async (input: object) =>
      (await server.get(UPDATE, { input: { id: made.id, ...input } })).updateConversation;
    const first = await change({ title: 'Other plans', settings: { temperature: null }, archived: true });
    expect(first.conversation).toMatchObject({
      title: 'Other plans',
      systemPrompt: 'Be short.',
      settings: { temperature: null, maxTokens: 10 },
      archivedAt: expect.any(String),
      version: 2,
    });
    const second = await change({ systemPrompt: null, settings: null, title: null, archived: false });
    expect(second.conversation).toMatchObject({
      title: 'New conversation',
      systemPrompt: null,
      settings: { temperature: null, maxTokens: null },
      archivedAt: null,
      version: 3,
    });
    expect(await change({ settings: { maxTokens: 0 } })).toMatchObject({
      __typename: 'InvalidInputError',
      path: ['settings', 'maxTokens'],
    });

    const remove = async () => (await server.get(DELETE, { id: made.id })).deleteConversation;
    expect(await remove()).toEqual({ __typename: 'DeleteConversationPayload', deletedId: made.id });
    expect(await remove()).toEqual({ __typename: 'NotFoundError', id: made.id });
    expect(await change({ title: 'x' })).toEqual({ __typename: 'NotFoundError', id: made.id });
    expect(
      await server.get('query ($id: ID!) { conversation(id: $id) { id } node(id: $id) { id } }', {
        id: made.id,
      }),
    ).toEqual({
      conversation: null,
      node: null,
    });
  });

  it('are listed page by page in every order, in both directions', async () => {
    await using server = await startServer({ backend });
    const titles = ['Delta', 'alpha', 'Echo', 'bravo', 'Charlie', 'alpha'];
    for (const title of titles) await create(server, { title });
    const page = async (args: string, orderBy: string) =>
      (
        await server.get(
          `{ conversations(${args}, orderBy: ${orderBy}) { nodes { title } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
        )
      ).conversations;
    const walk = async (orderBy: string, backward: boolean) => {
      const seen: string[] = [];
      for (let cursor = ''; ;) {
        const args = backward
          ? `last: 2${cursor && `, before: "${cursor}"`}`
          : `first: 2${cursor && `, after: "${cursor}"`}`;
        const { nodes, pageInfo, totalCount } = await page(args, orderBy);
        expect(totalCount).toBe(6);
        const names = nodes.map(({ title }: Data) => title);
        if (backward) seen.unshift(...names);
        else seen.push(...names);
        if (!(backward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage)) return seen;
        cursor = backward ? pageInfo.startCursor : pageInfo.endCursor;
      }
    };
    const byTitle = ['alpha', 'alpha', 'bravo', 'Charlie', 'Delta', 'Echo'];
    for (const backward of [false, true]) {
      expect(await walk('{ field: TITLE, direction: ASC }', backward)).toEqual(byTitle);
      expect(await walk('{ field: TITLE, direction: DESC }', backward)).toEqual(byTitle.toReversed());
      expect(await walk('{ field: CREATED_AT, direction: ASC }', backward)).toEqual(titles);
      expect(await walk('{ field: LAST_MESSAGE_AT, direction: DESC }', backward)).toEqual(
        titles.toReversed(),
      );
    }
  });
});

describe('conversations', () => {
  it('are filtered by title, model and archive', async () => {
    await using server = await startServer({ settings: { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' } });
    await create(server, { title: '100% Übersetzung', model: 'gpt-4o' });
    const other = await create(server, { title: '번역을 부탁해' });
    await server.get(UPDATE, { input: { id: other.id, archived: true } });
    const titles = async (filter: string) =>
      (await server.get(`{ conversations(filter: ${filter}) { nodes { title } } }`)).conversations.nodes.map(
        ({ title }: Data) => title,
      );
    expect(await titles('{ titleContains: "übersetz" }')).toEqual(['100% Übersetzung']);
    expect(await titles('{ titleContains: "%" }')).toEqual(['100% Übersetzung']);
    expect(await titles('{ titleContains: "_" }')).toEqual([]);
    expect(await titles('{ titleContains: "번역" }')).toEqual(['번역을 부탁해']);
    expect(await titles('{ model: "gpt-4o" }')).toEqual(['100% Übersetzung']);
    expect(await titles('{ model: "gpt-4.1-mini" }')).toEqual(['번역을 부탁해']);
    expect(await titles('{ archived: true }')).toEqual(['번역을 부탁해']);
    expect(await titles('{ archived: false }')).toEqual(['100% Übersetzung']);
  });

  it.each([
    ['first and last together', 'first: 1, last: 1'],
    ['a negative first', 'first: -1'],
    ['a first over the limit', 'first: 101'],
    ['a cursor that is none', 'after: "nonsense"'],
    ['a cursor that was made up', 'after: "WyJhYmMiLDFd"'],
    ['NUL in a filter', 'filter: { titleContains: "\\u0000" }'],
  ])('refuse %s', async (_, args) => {
    await using server = await startServer();
    const { errors } = await server.ask(`{ conversations(${args}) { nodes { id } } }`);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  it('refuse a cursor of another list', async () => {
    await using server = await startServer();
    await create(server);
    const list = async (orderBy: string, after = '') =>
      server.ask(`{ conversations(orderBy: ${orderBy} ${after}) { pageInfo { endCursor } } }`);
    const { data } = await list('{ field: TITLE, direction: ASC }');
    const { endCursor } = data.conversations.pageInfo;
    expect((await list('{ field: TITLE, direction: DESC }', `, after: "${endCursor}"`)).errors).toMatchObject(
      [{ extensions: { code: 'BAD_USER_INPUT' } }],
    );
  });

  it('stop their replies when they are deleted, and leave their usage', async () => {
    await using upstream = await Upstream.start();
    await using server = await startServer({ settings: { OPENAI_BASE_URL: upstream.url } });
    const wait = gate();
    upstream.always(async (answer) => {
      answer.token('Something said');
      await wait.pass();
    });
    const { sendMessage } = await server.get(SEND, { input: { content: 'Hello' } });
    await wait.reached;
    await server.get(DELETE, { id: sendMessage.conversation.id });
    await upstream.requests[0]!.closed;
    expect(upstream.requests[0]!.aborted).toBe(true);
    await server.app.generations.finish(1000);
    const { usage } = await server.get(
      '{ usage(groupBy: [CONVERSATION]) { nodes { conversation { id } conversationId usage { requests estimatedTokens } } } }',
    );
    expect(usage.nodes).toEqual([
      {
        conversation: null,
        conversationId: sendMessage.conversation.id,
        usage: { requests: 1, estimatedTokens: expect.any(Number) },
      },
    ]);
    wait.open();
  });

  it('page their messages from both ends', async () => {
    await using upstream = await Upstream.start();
    await using server = await startServer({ settings: { OPENAI_BASE_URL: upstream.url } });
    let id: string | undefined;
    for (const content of ['1', '2', '3']) {
      const { sendMessage } = await server.get(SEND, {
        input: { content, conversationId: id, stream: false },
      });
      id = sendMessage.conversation.id;
    }
    const read = async (args: string) =>
      (
        await server.get(
          `query ($id: ID!) { conversation(id: $id) { messages(${args}) { totalCount nodes { content } pageInfo { hasNextPage hasPreviousPage startCursor } } } }`,
          { id },
        )
      ).conversation.messages;
    const newest = await read('last: 2');
    expect(newest).toMatchObject({
      totalCount: 6,
      nodes: [{ content: '3' }, {}],
      pageInfo: { hasNextPage: false, hasPreviousPage: true },
    });
    const older = await read(`last: 4, before: "${newest.pageInfo.startCursor}"`);
    expect(older).toMatchObject({
      nodes: [{ content: '1' }, {}, { content: '2' }, {}],
      pageInfo: { hasNextPage: true, hasPreviousPage: false },
    });
    expect(await read('first: 6')).toMatchObject({
      pageInfo: { hasNextPage: false, hasPreviousPage: false },
    });
    expect(await read('first: 0')).toMatchObject({ nodes: [], pageInfo: { hasNextPage: true } });
  });
});
