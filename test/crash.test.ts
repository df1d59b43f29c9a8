import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { describe, expect, it } from 'vitest';
import { DatabaseProxy } from './support/database-proxy.ts';
import { createDatabase, createDirectory } from './support/databases.ts';
import { SEND, type Data } from './support/client.ts';
import { startProcess, type ServerProcess } from './support/process.ts';
import { gate, Upstream, type Script } from './support/upstream.ts';

const STATE = `{
  conversations {
    totalCount
    nodes {
      activeReplies { id }
      messages { nodes { id role content status error { code } usage { requests promptTokens completionTokens estimatedTokens } } }
    }
  }
  usage { totals { requests estimatedTokens } }
}`;

const REPLY = 'query ($id: ID!) { node(id: $id) { ... on Message { status content error { code } } } }';

// As short as a lease may be, and so long that a living process on a busy machine keeps it.
const LEASE_MS = '1500';

interface Crash extends AsyncDisposable {
  upstream: Upstream;
  proxy: DatabaseProxy;
  server: ServerProcess;
  /** What the database itself has. */
  count(table: string): Promise<number>;
  /** Starts another process over the same database and reads what is there once nothing is under way any more. */
  afterwards(): Promise<Data>;
}

async function start(script: Script): Promise<Crash> {
  const opened = new AsyncDisposableStack();
  const upstream = opened.use(await Upstream.start());
  upstream.always(script);
  const url = await createDatabase();
  const proxy = opened.use(await DatabaseProxy.start(url));
  const sql = postgres(url, { max: 1 });
  opened.defer(() => sql.end());
  const settings = { OPENAI_BASE_URL: upstream.url, LEASE_MS, CHECKPOINT_MS: '20' };
  const server = opened.use(await startProcess({ ...settings, DATABASE_URL: proxy.url }));
  return {
    upstream,
    proxy,
    server,
    count: async (table) => (await sql`select count(*)::int from ${sql(table)}`)[0]!['count'],
    async afterwards() {
      await using again = await startProcess({ ...settings, DATABASE_URL: url });
      for (;;) {
        const state = await again.get(STATE);
        if (state.conversations.nodes.every(({ activeReplies }: Data) => activeReplies.length === 0))
          return state;
        await delay(50);
      }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const send = (server: ServerProcess) => server.ask(SEND, { input: { content: 'Hello' } }).catch(() => 'lost');

/** Calls back at the first statement that matches, after one that matches before it. */
function at(proxy: DatabaseProxy, before: RegExp, statement: RegExp, act: () => void | Promise<void>): void {
  let armed = false;
  proxy.onStatement = async (text) => {
    armed ||= before.test(text);
    if (!armed || !statement.test(text)) return;
    proxy.onStatement = undefined;
    await act();
  };
}

const says: Script = async (answer) => {
  answer.token('Some words ').token('were said.').finish().usage(100, 50).done();
};

const reply = ({ conversations }: Data) => conversations.nodes[0].messages.nodes[1];

describe('a process that is killed', () => {
  it('in the first commit has stored nothing', async () => {
    await using crash = await start(says);
    at(
      crash.proxy,
      /insert into "messages"/,
      /^commit/,
      async () => void (await crash.server.stop('SIGKILL')),
    );
    await send(crash.server);
    expect(await crash.afterwards()).toMatchObject({
      conversations: { totalCount: 0 },
      usage: { totals: { requests: 0 } },
    });
    expect(crash.upstream.requests).toHaveLength(0);
    for (const table of ['messages', 'generations', 'ledger']) expect(await crash.count(table)).toBe(0);
  });

  it('after the first commit, before the call, has stored all, and the reply ends as interrupted', async () => {
    await using crash = await start(says);
    at(crash.proxy, /insert into "messages"/, /^commit/, () => crash.proxy.mute());
    const lost = send(crash.server);
    while ((await crash.count('messages')) < 2) await delay(5);
    await crash.server.stop('SIGKILL');
    await lost;
    const state = await crash.afterwards();
    expect(reply(state)).toMatchObject({
      status: 'FAILED',
      content: '',
      error: { code: 'INTERRUPTED' },
      usage: { requests: 1, completionTokens: 0 },
    });
    expect(reply(state).usage.estimatedTokens).toBe(reply(state).usage.promptTokens);
    expect(crash.upstream.requests).toHaveLength(0);
  });

  it('while the model is asked leaves the reply interrupted, with its row in the books', async () => {
    const asked = gate();
    await using crash = await start(async () => asked.pass());
    void send(crash.server);
    await asked.reached;
    await crash.server.stop('SIGKILL');
    expect(reply(await crash.afterwards())).toMatchObject({
      status: 'FAILED',
      content: '',
      error: { code: 'INTERRUPTED' },
      usage: { requests: 1 },
    });
    expect(crash.upstream.requests).toHaveLength(1);
    asked.open();
  });

  it('between tokens loses no text that was saved, and nobody asks the model again', async () => {
    const said = gate();
    await using crash = await start(async (answer) => {
      answer.token('Saved.');
      await said.pass();
    });
    void send(crash.server);
    while ((await crash.count('checkpoints')) === 0) await delay(5);
    await crash.server.stop('SIGKILL');
    const state = await crash.afterwards();
    expect(reply(state)).toMatchObject({
      status: 'FAILED',
      content: 'Saved.',
      error: { code: 'INTERRUPTED' },
    });
    expect(reply(state).usage).toMatchObject({ requests: 1, completionTokens: 2 });
    expect(await crash.count('checkpoints')).toBe(0);
    expect(crash.upstream.requests).toHaveLength(1);
    said.open();
  });

  it('in a checkpoint leaves what was saved before', async () => {
    const said = gate();
    await using crash = await start(async (answer) => {
      answer.token('Saved');
      await said.pass();
      answer.token(', and lost.');
    });
    void send(crash.server);
    while ((await crash.count('checkpoints')) === 0) await delay(5);
    at(crash.proxy, /./, /insert into "checkpoints"/, async () => void (await crash.server.stop('SIGKILL')));
    said.open();
    await crash.server.exited;
    expect(reply(await crash.afterwards())).toMatchObject({
      status: 'FAILED',
      content: 'Saved',
      error: { code: 'INTERRUPTED' },
    });
  });

  it('before the last commit leaves the reply interrupted, and one row in the books', async () => {
    await using crash = await start(says);
    at(crash.proxy, /insert into "ledger"/, /^commit/, async () => void (await crash.server.stop('SIGKILL')));
    await send(crash.server);
    await crash.server.exited;
    const state = await crash.afterwards();
    expect(reply(state)).toMatchObject({ status: 'FAILED', error: { code: 'INTERRUPTED' } });
    expect('Some words were said.'.startsWith(reply(state).content)).toBe(true);
    expect(state.usage.totals).toMatchObject({ requests: 1 });
    expect(await crash.count('ledger')).toBe(1);
  });

  it('after the last commit has ended the reply', async () => {
    await using crash = await start(says);
    at(crash.proxy, /insert into "ledger"/, /^commit/, () => crash.proxy.mute());
    await send(crash.server);
    while ((await crash.count('ledger')) === 0) await delay(5);
    await crash.server.stop('SIGKILL');
    expect(reply(await crash.afterwards())).toMatchObject({
      status: 'COMPLETE',
      content: 'Some words were said.',
      error: null,
      usage: { requests: 1, promptTokens: 100, completionTokens: 50, estimatedTokens: 0 },
    });
  });

  it('on the embedded database leaves nothing under way for the one that starts again', async () => {
    await using upstream = await Upstream.start();
    upstream.always(async (answer, { closed }) => {
      answer.token('Half');
      await closed;
    });
    const settings = {
      DATA_DIR: await createDirectory(),
      OPENAI_BASE_URL: upstream.url,
      CHECKPOINT_MS: '20',
    };
    let id: string;
    {
      await using server = await startProcess(settings);
      id = (await server.get(SEND, { input: { content: 'Hello' } })).sendMessage.reply.id;
      while ((await server.get(REPLY, { id })).node.content !== 'Half') await delay(5);
      await server.stop('SIGKILL');
    }
    await using again = await startProcess(settings);
    const { node } = await again.get(REPLY, { id });
    expect(node).toMatchObject({ status: 'FAILED', error: { code: 'INTERRUPTED' } });
    expect('Half'.startsWith(node.content)).toBe(true);
  });
});
