import { readFileSync } from 'node:fs';
import { get_encoding } from 'tiktoken';
import { describe, expect, it } from 'vitest';
import { countTokens } from '../src/model/tokens.ts';
import { SEND, type Data } from './support/client.ts';
import { startServer } from './support/server.ts';
import { startWithWindow } from './support/small-model.ts';
import { usageOf, Upstream } from './support/upstream.ts';

const root = new URL('../', import.meta.url);
const text = (file: string) => readFileSync(new URL(file, root), 'utf8');

/** Real texts: prose in English and Korean, code, and what is neither. */
const TEXTS = {
  English: text('README.md') + text('RELIABILITY.md'),
  Korean: text('test/fixtures/korean.txt'),
  code: text('src/chat/generation.ts') + text('src/chat/store.ts') + text('migrations/0000_start.sql'),
  JSON: text('package.json') + text('tsconfig.json'),
};

describe('counting tokens', () => {
  it.each(Object.entries(TEXTS))("agrees with OpenAI's tiktoken on %s", async (_, words) => {
    for (const [encoding, model] of [
      ['o200k_base', 'gpt-4o'],
      ['cl100k_base', 'gpt-4'],
    ] as const) {
      const tiktoken = get_encoding(encoding);
      const theirs = tiktoken.encode(words, [], []).length;
      tiktoken.free();
      const ours = await countTokens(words, model);
      expect(Math.abs(ours - theirs) / theirs).toBeLessThan(0.01);
    }
  });

  it('estimates a prompt to within a few per cent of what the API would report', async () => {
    await using upstream = await Upstream.start();
    await using server = await startServer({
      settings: { OPENAI_BASE_URL: upstream.url, SYSTEM_PROMPT: TEXTS.JSON },
    });
    const tiktoken = get_encoding('o200k_base');
    // As OpenAI's cookbook counts: three for each message, one for its role, three for the reply's beginning.
    const count = (messages: { role: string; content: string }[]) =>
      messages.reduce((sum, { content }) => sum + 4 + tiktoken.encode(content, [], []).length, 3);
    upstream.always((answer, { body }) =>
      answer
        .token('Fine.')
        .finish()
        .event({ choices: [], usage: usageOf(count(body.messages), 2) })
        .done(),
    );
    let conversationId: string | undefined;
    for (const content of [TEXTS.English, TEXTS.Korean, TEXTS.code]) {
      const { sendMessage } = await server.get(SEND, { input: { content, conversationId, stream: false } });
      conversationId = sendMessage.conversation.id;
      const { node } = await server.get(
        'query ($id: ID!) { node(id: $id) { ... on Message { context { promptTokensEstimated } usage { promptTokens } } } }',
        {
          id: sendMessage.reply.id,
        },
      );
      const { promptTokensEstimated: ours } = node.context;
      expect(Math.abs(ours - node.usage.promptTokens) / node.usage.promptTokens).toBeLessThan(0.01);
    }
    tiktoken.free();
  });
});

describe('a context window', () => {
  it('takes as many of the newest turns as fit, whole, with the system prompts and the new message always', async () => {
    // "word word …": a token each.
    const words = (count: number) => Array.from({ length: count }, () => 'word').join(' ');
    await using at = await startWithWindow(400, { SYSTEM_PROMPT: 'Be kind.' });
    at.upstream.always((answer) => answer.token(words(60)).finish().done());
    let conversationId: string | undefined;
    const contexts: Data[] = [];
    for (let turn = 0; turn < 5; turn++) {
      const sent = await at.send({ content: words(20), conversationId, settings: { maxTokens: 100 } });
      conversationId = sent.conversation.id;
      contexts.push(await at.context(sent.reply.id));
      const { messages } = at.upstream.requests.at(-1)!.body;
      expect(messages[0]).toEqual({ role: 'system', content: 'Be kind.' });
      expect(messages[1]!.role).toBe('user');
      expect(messages).toHaveLength(1 + contexts.at(-1).messagesSent);
    }
    // 3 and 7 for the system prompt, 24 for the new message, 88 for each turn, in 400 without the 100 of the reply.
    expect(
      contexts.map(({ messagesSent, messagesDropped, promptTokensEstimated }) => [
        messagesSent,
        messagesDropped,
        promptTokensEstimated,
      ]),
    ).toEqual([
      [1, 0, 34],
      [3, 0, 122],
      [5, 0, 210],
      [7, 0, 298],
      [7, 2, 298],
    ]);
    expect(contexts.every(({ contextWindow }) => contextWindow === 400)).toBe(true);
  });

  it('that the new message alone does not fit is an error, and nothing is stored', async () => {
    await using at = await startWithWindow(100);
    const sent = await at.server.get(
      'mutation ($content: String!) { sendMessage(input: { content: $content }) { ... on ContextLengthExceededError { tokens contextWindow } } }',
      { content: 'word '.repeat(90) },
    );
    expect(sent.sendMessage).toEqual({ tokens: 98, contextWindow: 100 });
    expect(at.upstream.requests).toHaveLength(0);
    expect((await at.server.get('{ conversations { totalCount } }')).conversations.totalCount).toBe(0);
  });

  it('of a long conversation is read only as far as it reaches', async () => {
    await using at = await startWithWindow(2_000);
    const sent = await at.send({ content: 'The first.' });
    // Far more messages than the window holds, straight into the database.
    const { id } = sent.conversation;
    await at.server.app.transaction(async (tx) => {
      const { sql } = await import('drizzle-orm');
      const conversation = Buffer.from(id, 'base64url').toString().split(':')[1]!;
      await tx.execute(sql`
        with recursive chain as (
          select gen_random_uuid() as id, (select id from messages where conversation_id = ${conversation}::uuid and position = 1) as parent, 2 as position
          union all select gen_random_uuid(), id, position + 1 from chain where position < 3001)
        insert into messages (id, conversation_id, parent_id, position, depth, active, role, content, tokens, status, version)
        select id, ${conversation}::uuid, parent, position, position + 1, true, case position % 2 when 0 then 'USER' else 'ASSISTANT' end, 'word', 1, 'COMPLETE', 9 from chain`);
      await tx.execute(sql`update conversations set next_position = 3002 where id = ${conversation}::uuid`);
    });
    const long = await at.send({ content: 'The last.', conversationId: id });
    const context = await at.context(long.reply.id);
    expect(context.messagesSent + context.messagesDropped).toBe(3003);
    expect(context.messagesSent % 2).toBe(1);
    // A quarter of the window is kept for the reply; each message takes five tokens.
    expect(context.promptTokensEstimated).toBeGreaterThan(1490);
    expect(context.promptTokensEstimated).toBeLessThanOrEqual(1500);
  });

  it('that is not known drops nothing', async () => {
    await using at = await startWithWindow(100);
    const { reply } = await at.send({ content: 'word '.repeat(500), model: 'endless' });
    expect(await at.context(reply.id)).toMatchObject({
      messagesSent: 1,
      messagesDropped: 0,
      contextWindow: null,
    });
  });
});
