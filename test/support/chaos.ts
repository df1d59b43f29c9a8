// A world in which everything happens at random: sends, follows, stops, deletions, processes that are killed, a database
// that is away. What must hold all the same is looked at after each round, when all is quiet.
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { expect } from 'vitest';
import { readReply, REPLY_STREAM, SEND } from './client.ts';
import { DatabaseProxy } from './database-proxy.ts';
import { createDatabase } from './databases.ts';
import { startProcess, type ServerProcess } from './process.ts';
import { random } from './random.ts';
import { Upstream, type Script } from './upstream.ts';

const LEASE_MS = 1500;

/** What the model said to one message, and what it reported. */
interface Said {
  requests: number;
  text: string;
  /** By the request's id. */
  usage: Map<string, { prompt: number; completion: number }>;
}

interface Place {
  url: string;
  proxy: DatabaseProxy;
  server: ServerProcess | undefined;
}

export class Chaos implements AsyncDisposable {
  readonly #opened: AsyncDisposableStack;
  readonly #random: ReturnType<typeof random>;
  readonly #upstream: Upstream;
  readonly #sql: postgres.Sql;
  readonly #places: Place[];
  readonly #said = new Map<string, Said>();
  readonly #conversations: string[] = [];
  readonly #deleted = new Set<string>();
  /** Replies that were acknowledged, with their conversation and the message that they answer. */
  readonly #replies = new Map<string, { conversation: string; content: string }>();
  readonly #ends = new Map<string, string>();
  #kills = 0;
  #number = 0;

  private constructor(
    opened: AsyncDisposableStack,
    generator: ReturnType<typeof random>,
    upstream: Upstream,
    sql: postgres.Sql,
    places: Place[],
  ) {
    this.#opened = opened;
    this.#random = generator;
    this.#upstream = upstream;
    this.#sql = sql;
    this.#places = places;
    upstream.always((answer, received) => this.#answer(answer, received));
  }

  static async start(processes: number, seed?: number): Promise<Chaos> {
    const opened = new AsyncDisposableStack();
    const upstream = opened.use(await Upstream.start());
    const url = await createDatabase();
    const sql = postgres(url, { max: 2 });
    opened.defer(() => sql.end());
    const places: Place[] = [];
    for (let index = 0; index < processes; index++) {
      places.push({ url, proxy: opened.use(await DatabaseProxy.start(url)), server: undefined });
    }
    const chaos = new Chaos(opened, random(seed), upstream, sql, places);
    opened.defer(() =>
      Promise.all(places.map(({ server }) => server?.[Symbol.asyncDispose]())).then(() => {}),
    );
    await chaos.#heal();
    return chaos;
  }

  get seed(): string {
    return this.#random.seed;
  }

  /** Does a number of things at random, many of them at once, waits until all is quiet, and looks. */
  async round(): Promise<void> {
    const { between, pick } = this.#random;
    const doing: Promise<unknown>[] = [];
    for (let step = between(4, 10); step > 0; step--) {
      const act = pick([
        this.#send,
        this.#send,
        this.#send,
        this.#send,
        this.#follow,
        this.#stop,
        this.#stop,
        this.#remove,
        this.#kill,
        this.#outage,
      ]);
      // What a client is told while processes die and databases are away is looked at elsewhere.
      doing.push(act.call(this).catch(() => {}));
      await delay(between(0, 120));
    }
    await Promise.all(doing);
    await this.#heal();
    await this.#quiet();
    await this.#look();
  }

  async #send(): Promise<void> {
    const { pick, between } = this.#random;
    const content = `message ${this.#number++}`;
    const conversationId = between(0, 2) > 0 ? pick([...this.#conversations, undefined]) : undefined;
    const input = {
      content,
      conversationId,
      n: pick([1, 1, 1, 2]),
      ifBusy: pick(['REJECT', 'INTERRUPT']),
      idempotencyKey: pick([undefined, content]),
    };
    const server = this.#anyServer();
    const { data } = await server.ask(SEND, { input });
    const sent = data?.sendMessage;
    if (sent?.__typename !== 'SendMessagePayload') return;
    this.#conversations.push(sent.conversation.id);
    for (const { id } of sent.replies) this.#replies.set(id, { conversation: sent.conversation.id, content });
    if (input.idempotencyKey && between(0, 1) === 0) {
      const again = await this.#anyServer().ask(SEND, { input });
      if (again.data?.sendMessage?.reply)
        expect(again.data.sendMessage.reply.id, this.seed).toBe(sent.reply.id);
    }
  }

  async #follow(): Promise<void> {
    const id = this.#anyReply();
    const events = this.#anyServer().follow(REPLY_STREAM, { id });
    if (this.#random.between(0, 1) === 0) {
      const { text, message } = await Promise.race([
        readReply(events),
        delay(3000).then(() => events.return!().then(() => ({ text: '', message: undefined }))),
      ]);
      if (message)
        expect(message.content.startsWith(text) || text.startsWith(message.content), this.seed).toBe(true);
    } else {
      await events.next();
      await events.return!();
    }
  }

  async #stop(): Promise<void> {
    const mode = this.#random.pick(['ABORT', 'DRAIN']);
    await this.#anyServer().ask(
      'mutation ($id: ID!, $mode: StopMode!) { stopReply(input: { messageId: $id, mode: $mode }) { __typename } }',
      {
        id: this.#anyReply(),
        mode,
      },
    );
  }

  async #remove(): Promise<void> {
    if (this.#random.between(0, 3) > 0) return;
    const id = this.#random.pick(this.#conversations);
    // Gone for sure once it was asked for, whatever the answer: a lost answer is no lost commit.
    this.#deleted.add(id);
    await this.#anyServer().ask(
      'mutation ($id: ID!) { deleteConversation(input: { id: $id }) { __typename } }',
      { id },
    );
  }

  async #kill(): Promise<void> {
    const place = this.#random.pick(this.#places);
    const { server } = place;
    if (!server) return;
    place.server = undefined;
    this.#kills++;
    await server.stop('SIGKILL');
    await server[Symbol.asyncDispose]();
  }

  async #outage(): Promise<void> {
    const { proxy } = this.#random.pick(this.#places);
    this.#random.pick([() => proxy.freeze(), () => proxy.refuse(), () => proxy.mute()])();
    await delay(this.#random.between(50, 800));
    proxy.restore();
  }

  /** Every database is back, every process runs. */
  async #heal(): Promise<void> {
    for (const place of this.#places) {
      place.proxy.restore();
      place.server ??= await startProcess({
        DATABASE_URL: place.proxy.url,
        OPENAI_BASE_URL: this.#upstream.url,
        LEASE_MS: String(LEASE_MS),
        CHECKPOINT_MS: '20',
        LOG_LEVEL: 'error',
        SHUTDOWN_GRACE_MS: '0',
      });
    }
  }

  /** Nothing is under way any more: promise 5 of the design, and the end of every wait in this test. */
  async #quiet(): Promise<void> {
    for (;;) {
      const [{ running, pending }] = (await this.#sql`
        select (select count(*)::int from generations where running) as running,
          (select count(*)::int from messages where status = 'PENDING') as pending`) as unknown as [
        { running: number; pending: number },
      ];
      if (running + pending === 0) return;
      await delay(50);
    }
  }

  async #look(): Promise<void> {
    const sql = this.#sql;
    const why = `${this.seed}, after ${this.#number} messages and ${this.#kills} kills`;
    // Positions are dense and unique; nothing is left over.
    expect(
      await sql`
      select conversation_id from messages group by conversation_id
      having count(*) <> max(position) + 1 or count(distinct position) <> count(*)`,
      why,
    ).toEqual([]);
    expect(
      await sql`select m.id from messages m left join conversations c on c.id = m.conversation_id where c.next_position is distinct from
      (select max(position) + 1 from messages where conversation_id = m.conversation_id)`,
      why,
    ).toEqual([]);
    expect(await sql`select count(*)::int as left from checkpoints`, why).toEqual([{ left: 0 }]);
    await this.#lookAtReplies(why);
    await this.#lookAtBooks(why);
  }

  async #lookAtReplies(why: string): Promise<void> {
    const rows = await this.#sql`
      select m.id, m.status, m.content, q.content as question, m.error from messages m join messages q on q.id = m.parent_id where m.role = 'ASSISTANT'`;
    const byId = new Map(rows.map((row) => [row['id'] as string, row]));
    for (const { status, content, question } of rows as unknown as Record<string, string>[]) {
      const said = this.#said.get(question!);
      // Compared by what comes first, so that a failure shows where they part.
      expect(content, `${why}: a text that was not said`).toBe((said?.text ?? '').slice(0, content!.length));
      if (status === 'COMPLETE') expect(content, why).toBe(said!.text);
    }
    for (const [globalId, { conversation }] of this.#replies) {
      const id = Buffer.from(globalId, 'base64url').toString().split(':')[1]!;
      const row = byId.get(id);
      if (!this.#deleted.has(conversation))
        expect(row, `${why}: an acknowledged reply is gone`).toBeDefined();
      if (!row) continue;
      const end = JSON.stringify([row['status'], row['content'], row['error']]);
      expect(this.#ends.get(id) ?? end, `${why}: an end has changed`).toBe(end);
      this.#ends.set(id, end);
    }
  }

  async #lookAtBooks(why: string): Promise<void> {
    const sql = this.#sql;
    const sums = sql`count(*)::int as requests, coalesce(sum(prompt_tokens), 0)::int as prompt, coalesce(sum(completion_tokens), 0)::int as completion,
      coalesce(sum(estimated_tokens), 0)::int as estimated, sum(cost) as cost`;
    const rolled = sql`coalesce(sum(requests), 0)::int as requests, coalesce(sum(prompt_tokens), 0)::int as prompt,
      coalesce(sum(completion_tokens), 0)::int as completion, coalesce(sum(estimated_tokens), 0)::int as estimated, sum(cost) as cost`;
    const [ledger] = await sql`select ${sums} from ledger`;
    for (const span of [0, 1, 4, 16, 64]) {
      expect((await sql`select ${rolled} from usage_by_conversation where span = ${span}`)[0], why).toEqual(
        ledger,
      );
      expect((await sql`select ${rolled} from usage_by_owner where span = ${span}`)[0], why).toEqual(ledger);
    }
    // What was reported is copied exactly, and every request that was made is there. A process that was killed before it
    // could say whether it had asked has a row too, an estimated one.
    const asked = [...this.#said.values()].reduce((sum, { requests }) => sum + requests, 0);
    expect(ledger!['requests'], why).toBeGreaterThanOrEqual(asked);
    expect(ledger!['requests'] - asked, why).toBeLessThanOrEqual(this.#kills * 10);
    const reported = new Map([...this.#said.values()].flatMap(({ usage }) => [...usage]));
    for (const row of await sql`select request_id, prompt_tokens::int, completion_tokens::int from ledger where estimated_tokens = 0 and outcome <> 'FAILED'`) {
      const usage = reported.get(row['request_id']);
      expect({ prompt: row['prompt_tokens'], completion: row['completion_tokens'] }, why).toEqual(usage);
    }
  }

  /** The model: says what the message deserves, and notes what it has said. */
  readonly #answer: Script = async (answer, { body }) => {
    const content = body.messages.at(-1)!.content;
    const said: Said = this.#said.get(content) ?? { requests: 0, text: '', usage: new Map() };
    this.#said.set(content, said);
    said.requests++;
    const { between, pick } = this.#random;
    const words = Array.from({ length: between(1, 30) }, (_, index) => `${content} word ${index}. `);
    const id = `${content}/${said.requests}`;
    if (between(0, 9) === 0)
      return answer.status(pick([429, 500, 503]), {}, { 'retry-after-ms': '1', 'x-request-id': id });
    said.text = words.join('');
    answer.open({ 'x-request-id': id });
    const indexes = Array.from({ length: body.n ?? 1 }, (_, index) => index);
    const cut = between(0, 9) === 0 ? between(0, words.length) : Infinity;
    for (const [at, word] of words.entries()) {
      if (at >= cut) return answer.cut();
      for (const index of indexes) answer.token(word, index);
      await delay(between(0, 30));
    }
    for (const index of indexes) answer.finish('stop', index);
    if (between(0, 4) > 0) {
      const usage = { prompt: between(1, 1000), completion: between(1, 1000) };
      said.usage.set(id, usage);
      answer.usage(usage.prompt, usage.completion);
    }
    answer.done();
  };

  #anyServer(): ServerProcess {
    const running = this.#places.flatMap(({ server }) => server ?? []);
    if (running.length === 0) throw new Error('None runs.');
    return this.#random.pick(running);
  }

  #anyReply(): string {
    // Rather one of the latest: those that ended long ago are dull.
    const ids = [...this.#replies.keys()].slice(-8);
    if (ids.length === 0) throw new Error('There is none.');
    return this.#random.pick(ids);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}
