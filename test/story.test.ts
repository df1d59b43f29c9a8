import { describe, expect, it } from 'vitest';
import { BACKENDS, emptyDatabase } from './support/databases.ts';
import { readReply, REPLY_STREAM, SEND } from './support/client.ts';
import { startProcess } from './support/process.ts';
import { says, Upstream } from './support/upstream.ts';

const HISTORY = `query ($id: ID!) {
  conversation(id: $id) {
    title
    messages { totalCount nodes { role content status usage { totalTokens cost } } }
    usage { requests promptTokens completionTokens cost }
  }
  usage(groupBy: [CONVERSATION]) {
    nodes { conversation { id } usage { requests cost } }
    totals { totalTokens cost }
  }
}`;

describe.each(BACKENDS)('the story of a message on %s', (backend) => {
  it('is sent, streamed, left, resumed, read, booked, and all there after a restart', async () => {
    await using upstream = await Upstream.start();
    upstream.always(says('The answer comes in several words, one after another.', { everyMs: 20 }));
    const settings = { ...(await emptyDatabase(backend)), OPENAI_BASE_URL: upstream.url };
    let conversation: string;
    let before: unknown;
    {
      await using server = await startProcess(settings);
      const { sendMessage } = await server.get(SEND, { input: { content: 'A question? And more.' } });
      conversation = sendMessage.conversation.id;
      const { id } = sendMessage.reply;

      const leaving = server.follow(REPLY_STREAM, { id });
      await leaving.next();
      const { value } = await leaving.next();
      const { offset, text } = value.data.replyStream;
      await leaving.return!();
      const seen = 'The answer comes in several words, one after another.'.slice(0, offset + text.length);

      const rest = await readReply(server.follow(REPLY_STREAM, { id, from: seen.length }), seen);
      expect(rest.text).toBe('The answer comes in several words, one after another.');
      expect(rest.message).toMatchObject({ content: rest.text, status: 'COMPLETE', finishReason: 'STOP' });
      before = await server.get(HISTORY, { id: conversation });
      expect(before).toEqual({
        conversation: {
          title: 'A question?',
          messages: {
            totalCount: 2,
            nodes: [
              { role: 'USER', content: 'A question? And more.', status: 'COMPLETE', usage: null },
              {
                role: 'ASSISTANT',
                content: rest.text,
                status: 'COMPLETE',
                usage: { totalTokens: 19, cost: '0.0000184' },
              },
            ],
          },
          usage: { requests: 1, promptTokens: 10, completionTokens: 9, cost: '0.0000184' },
        },
        usage: {
          nodes: [{ conversation: { id: conversation }, usage: { requests: 1, cost: '0.0000184' } }],
          totals: { totalTokens: 19, cost: '0.0000184' },
        },
      });
      expect(await server.stop()).toBe(0);
    }
    await using again = await startProcess(settings);
    expect(await again.get(HISTORY, { id: conversation })).toEqual(before);
    expect(upstream.requests).toHaveLength(1);
    expect(upstream.requests[0]!.body).toMatchObject({
      model: 'gpt-4.1-mini',
      messages: [{ role: 'user', content: 'A question? And more.' }],
      stream: true,
      stream_options: { include_usage: true },
    });
  });
});
