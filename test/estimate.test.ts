import { describe, expect, it } from 'vitest';
import { startWithWindow } from './support/small-model.ts';

describe('estimateReply', () => {
  it('says what sendMessage would send, drop and cost at most, and neither sends nor stores', async () => {
    await using at = await startWithWindow(1000);
    const sent = await at.send({ content: 'Hello' });
    const input = {
      conversationId: sent.conversation.id,
      content: 'And then?',
      settings: { maxTokens: 50 },
      n: 2,
    };
    const estimate = await at.estimate(input);
    const requests = at.upstream.requests.length;
    expect(estimate).toMatchObject({
      __typename: 'ReplyEstimate',
      maxCompletionTokens: 100,
      context: { messagesSent: 3, messagesDropped: 0 },
    });
    // $1 for a million of the prompt, $2 of the replies.
    expect(Number(estimate.maxCost)).toBeCloseTo((estimate.context.promptTokensEstimated + 200) / 1e6, 12);
    expect(at.upstream.requests).toHaveLength(requests);
    const { reply } = await at.send(input);
    expect(await at.context(reply.id)).toEqual(estimate.context);

    const bounded = await at.estimate({ content: 'Hello' });
    expect(bounded.maxCompletionTokens).toBe(1000 - bounded.context.promptTokensEstimated);
    expect(await at.estimate({ content: 'Hello', model: 'endless' })).toMatchObject({
      maxCompletionTokens: null,
      maxCost: null,
    });
  });

  it('goes on from any message, on whichever branch', async () => {
    await using at = await startWithWindow(1000);
    const one = await at.send({ content: 'One' });
    const conversationId = one.conversation.id;
    const two = await at.send({ conversationId, content: 'Two' });
    await at.send({ conversationId, content: 'Other', parentId: one.reply.id });
    const sentFrom = async (parentId: string) =>
      (await at.estimate({ conversationId, parentId, content: 'x' })).context.messagesSent;
    expect(
      await Promise.all([sentFrom(one.reply.id), sentFrom(two.reply.id), sentFrom(two.message.id)]),
    ).toEqual([3, 5, 4]);
  });

  it('refuses what sendMessage would refuse', async () => {
    await using at = await startWithWindow(100);
    expect(await at.estimate({ content: '' })).toMatchObject({
      __typename: 'InvalidInputError',
      path: ['content'],
    });
    expect(await at.estimate({ content: 'x', conversationId: 'nonsense' })).toMatchObject({
      __typename: 'NotFoundError',
      id: 'nonsense',
    });
    expect(await at.estimate({ content: 'word '.repeat(200) })).toMatchObject({
      __typename: 'ContextLengthExceededError',
      contextWindow: 100,
    });
  });
});
