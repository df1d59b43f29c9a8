import { describe, expect, it } from 'vitest';
import { command } from './support/process.ts';
import { startServer } from './support/server.ts';
import { says, Upstream } from './support/upstream.ts';

describe('npm run chat', () => {
  it('prints the reply on standard output, then tokens, cost and how to go on', async () => {
    await using upstream = await Upstream.start();
    await using server = await startServer({ settings: { OPENAI_BASE_URL: upstream.url } });
    const first = await command('src/cli/chat.ts', ['--url', server.url, 'Hello'], {});
    expect(first).toMatchObject({ code: 0, stdout: 'Hello from upstream.\n' });
    expect(first.stderr).toMatch(/^tokens: 10 in, 3 out · cost: \$0\.0000088\nconversation \S+\n$/);
    const id = /conversation (\S+)/.exec(first.stderr)![1]!;
    const second = await command('src/cli/chat.ts', ['--conversation', id, '--url', server.url, 'Again'], {});
    expect(second.code).toBe(0);
    expect(upstream.requests[1]!.body.messages).toHaveLength(3);
  });

  it('has a prompt where there is no message', async () => {
    await using server = await startServer();
    const { stdout, code } = await command(
      'src/cli/chat.ts',
      [],
      { PARLEY_URL: server.url },
      'echo one\necho two\n',
    );
    expect({ stdout, code }).toEqual({ stdout: '[Demo model] one\n[Demo model] two\n', code: 0 });
  });

  it('says in one line what is wrong', async () => {
    expect(await command('src/cli/chat.ts', ['--url', 'http://127.0.0.1:9', 'Hello'])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'No server answers at http://127.0.0.1:9. Start one with: npm start\n',
    });
    await using server = await startServer();
    const { code, stderr } = await command('src/cli/chat.ts', [
      '--url',
      server.url,
      '--conversation',
      'x',
      'Hello',
    ]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'There is nothing with this id.\n' });
  });
});

describe('npm run usage', () => {
  it('prints a table, CSV that a spreadsheet does not run, and JSON', async () => {
    await using upstream = await Upstream.start();
    await using server = await startServer({ settings: { OPENAI_BASE_URL: upstream.url } });
    upstream.always(says('One two three.'));
    for (const content of ['=1+1', '번역을 부탁해요']) {
      await server.get(
        'mutation ($content: String!) { sendMessage(input: { content: $content, stream: false }) { __typename } }',
        { content },
      );
    }
    const usage = async (...args: string[]) => command('src/cli/usage.ts', ['--url', server.url, ...args]);
    const { stdout: table } = await usage();
    expect(
      table
        .split('\n')
        .toSorted()
        .map((line) => line.replaceAll(/\s+/g, ' ')),
    ).toEqual(
      expect.arrayContaining([
        '=1+1 1 10 3 $0.0000088',
        '번역을 부탁해요 1 10 3 $0.0000088',
        'total 2 20 6 $0.0000176',
      ]),
    );
    const { stdout: csv } = await usage('--format', 'csv');
    expect(csv).toMatch(/^conversation,title,requests,promptTokens/);
    expect(csv).toContain(`,"'=1+1",1,10,0,3,0,13,0.0000088,0,0\r\n`);
    const { stdout: json } = await usage('--format', 'json', '--by', 'model,day');
    expect(JSON.parse(json)).toMatchObject({
      rows: [{ model: 'gpt-4.1-mini', usage: { requests: 2 } }],
      totals: { cost: '0.0000176' },
    });
    expect(await usage('--by', 'planet')).toMatchObject({
      code: 1,
      stderr: '--by planet: takes conversation, day, model, user\n',
    });
  });
});
