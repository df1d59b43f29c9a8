import { describe, expect, it } from 'vitest';
import { BACKENDS, type Backend } from './support/databases.ts';
import { readReply, REPLY_STREAM, SEND, type Data } from './support/client.ts';
import { startServer } from './support/server.ts';
import { gate, Upstream } from './support/upstream.ts';

async function startWith(backend: Backend, settings: Record<string, string> = {}) {
  const upstream = await Upstream.start();
  const server = await startServer({ backend, settings: { OPENAI_BASE_URL: upstream.url, ...settings } });
  return {
    upstream,
    server,
    send: async (input: object) =>
      (await server.get(SEND, { input: { content: 'Hello', ...input } })).sendMessage,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

describe.each(BACKENDS)('sendMessage on %s', (backend) => {
  const start = (settings?: Record<string, string>) => startWith(backend, settings);

  it('returns the ended reply with stream: false', async () => {
    await using at = await start();
    const sent = await at.send({ stream: false });
    expect(sent.reply).toMatchObject({
      status: 'COMPLETE',
      content: 'Hello from upstream.',
      finishReason: 'STOP',
    });
  });

  it('writes n replies, alternatives of each other, the first one active, and books them once', async () => {
    await using at = await start();
    const sent = await at.send({ n: 3, stream: false });
    expect(sent.replies.map(({ content, active }: Data) => [content, active])).toEqual([
      ['Hello from upstream.', true],
      ['Hello from upstream.', false],
      ['Hello from upstream.', false],
    ]);
    expect(at.upstream.requests).toHaveLength(1);
    expect(at.upstream.requests[0]!.body['n']).toBe(3);
    const { node, conversation } = await at.server.get(
      `query ($id: ID!, $in: ID!) {
        node(id: $id) { ... on Message { alternatives { id } usage { requests completionTokens } parent { id } } }
        conversation(id: $in) { usage { requests completionTokens } messages { totalCount nodes { id } } }
      }`,
      { id: sent.replies[1].id, in: sent.conversation.id },
    );
    expect(node.alternatives).toEqual(sent.replies.map(({ id }: Data) => ({ id })));
    expect(node.parent.id).toBe(sent.message.id);
    expect(node.usage).toEqual({ requests: 1, completionTokens: 9 });
    expect(conversation.usage).toEqual({ requests: 1, completionTokens: 9 });
    expect(conversation.messages).toEqual({
      totalCount: 2,
      nodes: [{ id: sent.message.id }, { id: sent.reply.id }],
    });
  });

  it("sends the system prompts first, then the history, with the message's settings over the conversation's", async () => {
    await using at = await start({ SYSTEM_PROMPT: 'Be kind.' });
    const { createConversation } = await at.server.get(
      `mutation { createConversation(input: { systemPrompt: "Speak French.", model: "gpt-4o", settings: { temperature: 0.5, maxTokens: 100 } }) {
        ... on CreateConversationPayload { conversation { id } } } }`,
    );
    const conversationId = createConversation.conversation.id;
    await at.send({ conversationId, stream: false, content: 'One' });
    await at.send({
      conversationId,
      stream: false,
      content: 'Two',
      settings: { temperature: 1, stop: ['END'] },
    });
    expect(at.upstream.requests[1]!.body).toEqual({
      model: 'gpt-4o',
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'system', content: 'Speak French.' },
        { role: 'user', content: 'One' },
        { role: 'assistant', content: 'Hello from upstream.' },
        { role: 'user', content: 'Two' },
      ],
      stream: true,
      stream_options: { include_usage: true },
      temperature: 1,
      max_tokens: 100,
      stop: ['END'],
    });
  });

  it('goes on from an earlier message on a new branch', async () => {
    await using at = await start();
    const one = await at.send({ stream: false, content: 'One' });
    const conversationId = one.conversation.id;
    await at.send({ conversationId, stream: false, content: 'Two' });
    const other = await at.send({ conversationId, stream: false, content: 'Other', parentId: one.reply.id });
    const { conversation } = await at.server.get(
      `query ($id: ID!) { conversation(id: $id) { messages { totalCount nodes { content alternatives { content } } } } }`,
      { id: conversationId },
    );
    expect(conversation.messages.totalCount).toBe(4);
    expect(conversation.messages.nodes.map(({ content }: Data) => content)).toEqual([
      'One',
      'Hello from upstream.',
      'Other',
      'Hello from upstream.',
    ]);
    expect(conversation.messages.nodes[2].alternatives).toEqual([{ content: 'Two' }, { content: 'Other' }]);
    expect(at.upstream.requests[2]!.body.messages.map(({ content }) => content)).toEqual([
      'One',
      'Hello from upstream.',
      'Other',
    ]);
    expect(other.message.id).not.toBe(one.message.id);
  });

  it('finishes, stores and books a reply that nobody follows', async () => {
    await using at = await start();
    const wait = gate();
    at.upstream.always(async (answer) => {
      answer.token('Nobody ').token('listens.');
      await wait.pass();
      answer.finish().usage(10, 2).done();
    });
    const sent = await at.send({});
    await wait.reached;
    wait.open();
    const { message } = await readReply(at.server.follow(REPLY_STREAM, { id: sent.reply.id }));
    expect(message).toMatchObject({
      status: 'COMPLETE',
      content: 'Nobody listens.',
      usage: { totalTokens: 12 },
    });
  });

  it('refuses a second message while a reply is written on the branch, or stops that reply first', async () => {
    await using at = await start();
    const wait = gate();
    at.upstream.next(async (answer) => {
      answer.token('Half ');
      await wait.pass();
    });
    const first = await at.send({});
    await wait.reached;
    const conversationId = first.conversation.id;
    const refused = await at.send({ conversationId });
    expect(refused).toMatchObject({ __typename: 'ConversationBusyError', reply: { id: first.reply.id } });
    const second = await at.send({ conversationId, ifBusy: 'INTERRUPT', stream: false });
    expect(second.reply.status).toBe('COMPLETE');
    expect(at.upstream.requests[0]!.aborted).toBe(true);
    const { node } = await at.server.get(
      'query ($id: ID!) { node(id: $id) { ... on Message { status content usage { estimatedTokens } } } }',
      {
        id: first.reply.id,
      },
    );
    expect(node).toMatchObject({ status: 'STOPPED', content: 'Half ' });
    expect(node.usage.estimatedTokens).toBeGreaterThan(0);
    wait.open();
  });

  it('knows a message again by its idempotency key', async () => {
    await using at = await start();
    const input = { content: 'Once', idempotencyKey: 'k1' };
    const all = await Promise.all(Array.from({ length: 10 }, () => at.send(input)));
    const again = await at.send({ ...input, stream: false });
    expect(new Set([...all, again].map((sent) => `${sent.message.id} ${sent.reply.id}`)).size).toBe(1);
    expect(again.reply.status).toBe('COMPLETE');
    expect(at.upstream.requests).toHaveLength(1);
    expect(await at.send({ ...input, content: 'Twice' })).toMatchObject({
      __typename: 'IdempotencyConflictError',
    });
  });

  it('answers an id that stands for nothing as not found', async () => {
    await using at = await start();
    for (const conversationId of [
      'nonsense',
      'Q29udmVyc2F0aW9uOjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMA',
    ]) {
      expect(await at.send({ conversationId })).toMatchObject({
        __typename: 'NotFoundError',
        id: conversationId,
      });
    }
    const sent = await at.send({ stream: false });
    expect(await at.send({ conversationId: sent.message.id })).toMatchObject({ __typename: 'NotFoundError' });
    expect(await at.send({ parentId: sent.message.id })).toMatchObject({
      __typename: 'NotFoundError',
      id: sent.message.id,
    });
  });
});

describe('sendMessage', () => {
  it.each([
    ['an empty message', { content: '' }, ['content']],
    ['a message of spaces', { content: ' \n ' }, ['content']],
    ['NUL', { content: 'a\0b' }, ['content']],
    ['half of a surrogate pair', { content: 'a\ud800b' }, ['content']],
    ['a message that is too long', { content: 'x'.repeat(200_001) }, ['content']],
    ['no reply', { n: 0 }, ['n']],
    ['nine replies', { n: 9 }, ['n']],
    ['a temperature above 2', { settings: { temperature: 2.1 } }, ['settings', 'temperature']],
    ['five stop texts', { settings: { stop: ['a', 'b', 'c', 'd', 'e'] } }, ['settings', 'stop']],
    ['a key that is too long', { idempotencyKey: 'k'.repeat(256) }, ['idempotencyKey']],
    ['a model without a name', { model: '' }, ['model']],
  ])('refuses %s and stores nothing', async (_, input, path) => {
    await using at = await startWith('postgres');
    expect(await at.send(input)).toMatchObject({ __typename: 'InvalidInputError', path });
    expect(await at.server.get('{ conversations { totalCount } }')).toEqual({
      conversations: { totalCount: 0 },
    });
    expect(at.upstream.requests).toHaveLength(0);
  });
});
