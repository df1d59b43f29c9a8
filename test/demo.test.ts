import { describe, expect, it } from 'vitest';
import { answer } from '../src/model/demo/answers.ts';
import { SEND } from './support/client.ts';
import { startServer } from './support/server.ts';

const asked = (content: string) => answer([{ role: 'user', content }], 0, new Date('2026-11-24T09:30:00Z'));

describe('the demo model', () => {
  it('marks what it says, and answers in the language of the question', () => {
    for (const question of [
      'Hello!',
      'What can this server do?',
      'What time is it?',
      'Write a story',
      'xyzzy',
    ]) {
      expect(asked(question)).toMatch(/^\[Demo model\] \P{Script=Hangul}+$/u);
    }
    for (const question of [
      '안녕하세요',
      '무엇을 할 수 있나요?',
      '지금 몇 시예요?',
      '길게 글을 써 줘',
      '가나다라',
    ]) {
      expect(asked(question)).toMatch(/^\[데모 모델\] .*\p{Script=Hangul}/u);
    }
  });

  it('greets, echoes, counts, tells the time, explains and writes at length', () => {
    expect(asked('Hello there')).toContain('Hello!');
    expect(asked('echo three small words')).toBe('[Demo model] three small words');
    expect(asked('Please count to 5')).toBe('[Demo model] 1, 2, 3, 4, 5. That was 5.');
    expect(asked('3까지 세어 줘')).toBe('[데모 모델] 1, 2, 3. 여기까지 3입니다.');
    expect(asked('What is the date?')).toContain('24 November 2026');
    expect(asked('What can this server do?')).toContain('replyStream');
    expect(asked('Write something long').length).toBeGreaterThan(500);
    expect(asked('qwertz asdf')).toContain('words: 2, characters: 11');
  });

  it('goes the same way as any other model, reports its usage, and costs nothing', async () => {
    await using server = await startServer();
    const { sendMessage } = await server.get(SEND, {
      input: { content: 'echo one two', n: 2, stream: false },
    });
    expect(sendMessage.replies.map(({ content }: { content: string }) => content)).toEqual([
      '[Demo model] one two',
      '[Demo model, 2] one two',
    ]);
    const { usage } = await server.get(
      '{ usage(groupBy: [MODEL]) { nodes { model usage { requests cost estimatedTokens unpricedTokens } } } }',
    );
    expect(usage.nodes).toEqual([
      { model: 'demo', usage: { requests: 1, cost: '0', estimatedTokens: 0, unpricedTokens: 0 } },
    ]);
  });
});
