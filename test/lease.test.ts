import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createDatabase } from './support/databases.ts';
import { readReply, REPLY_STREAM, SEND } from './support/client.ts';
import { startProcess } from './support/process.ts';
import { gate, Upstream } from './support/upstream.ts';

const REPLY = 'query ($id: ID!) { node(id: $id) { ... on Message { status content error { code } } } }';

// As short as a lease may be, and so long that a living process on a busy machine keeps it.
const LEASE_MS = '1500';

describe('a process that sleeps past its lease', () => {
  it('writes nothing when it wakes, and closes its call to the model', async () => {
    await using upstream = await Upstream.start();
    const asleep = gate();
    upstream.always(async (answer, { closed }) => {
      answer.token('Awake. ');
      await asleep.pass();
      answer.token('Not to be seen.');
      await closed;
    });
    const settings = {
      DATABASE_URL: await createDatabase(),
      OPENAI_BASE_URL: upstream.url,
      LEASE_MS,
      CHECKPOINT_MS: '20',
    };
    await using sleeper = await startProcess(settings);
    await using other = await startProcess(settings);
    const { id } = (await sleeper.get(SEND, { input: { content: 'Hello' } })).sendMessage.reply;
    const following = readReply(other.follow(REPLY_STREAM, { id }));
    const read = async () => (await other.get(REPLY, { id })).node;
    while ((await read()).content !== 'Awake. ') await delay(10);
    process.kill(sleeper.pid, 'SIGSTOP');
    asleep.open();
    const { text, message } = await following;
    expect(message).toMatchObject({ status: 'FAILED', content: 'Awake. ', error: { code: 'INTERRUPTED' } });
    expect(text).toBe('Awake. ');
    const ended = await read();
    process.kill(sleeper.pid, 'SIGCONT');
    await upstream.requests[0]!.closed;
    expect(upstream.requests[0]!.aborted).toBe(true);
    expect(await sleeper.stop()).toBe(0);
    expect(await read()).toEqual(ended);
    expect((await other.get('{ usage { totals { requests } } }')).usage.totals.requests).toBe(1);
  });
});
