// A world in which everything happens at random: sends, follows, stops, deletions, processes that are killed, a database
// that is away. What must hold all the same is looked at after each round, when all is quiet.
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { expect } from 'vitest';
import { moodyModel, type Said } from './chaos-model.ts';
import { readReply, REPLY_STREAM, SEND } from './client.ts';
import { DatabaseProxy } from './database-proxy.ts';
import { createDatabase } from './databases.ts';
import { lookAtBooks, lookAtRows, lookAtTexts } from './invariants.ts';
import { startProcess, type ServerProcess } from './process.ts';
import { random } from './random.ts';
import { Upstream } from './upstream.ts';

const LEASE_MS = 1500;

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
  /** Replies that were acknowledged, with their conversation. */
  readonly #replies = new Map<string, string>();
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
    upstream.always(moodyModel(this.#said, generator));
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
    opened.defer(async () => {
      for (const { server } of places) await server?.[Symbol.asyncDispose]();
    });
    await chaos.#heal();
    return chaos;
  }

  readonly #acts = [
    ...Array.from({ length: 4 }, () => () => this.#send()),
    ...Array.from({ length: 2 }, () => () => this.#stop()),
    () => this.#follow(),
    () => this.#remove(),
    () => this.#kill(),
    () => this.#outage(),
  ];

  get seed(): string {
    return this.#random.seed;
  }

  /** Does a number of things at random, many of them at once, waits until all is quiet, and looks. */
  async round(): Promise<void> {
    const { between, pick } = this.#random;
    const doing: Promise<unknown>[] = [];
    for (let step = between(4, 10); step > 0; step--) {
      const act = pick(this.#acts);
      // What a client is told while processes die and databases are away is looked at elsewhere.
      doing.push(act().catch(() => {}));
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
    for (const { id } of sent.replies) this.#replies.set(id, sent.conversation.id);
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
    const why = `${this.seed}, after ${this.#number} messages and ${this.#kills} kills`;
    await lookAtRows(this.#sql, why);
    await lookAtTexts(this.#sql, this.#said, why);
    await lookAtBooks(this.#sql, this.#said, this.#kills, why);
    await this.#lookAtEnds(why);
  }

  /** What was acknowledged is there, and what has ended stays as it is. */
  async #lookAtEnds(why: string): Promise<void> {
    const rows = await this.#sql`select id, status, content, error from messages where role = 'ASSISTANT'`;
    const byId = new Map(rows.map(({ id, ...row }) => [id as string, JSON.stringify(row)]));
    for (const [globalId, conversation] of this.#replies) {
      const id = Buffer.from(globalId, 'base64url').toString().split(':')[1]!;
      const end = byId.get(id);
      if (!this.#deleted.has(conversation))
        expect(end, `${why}: an acknowledged reply is gone`).toBeDefined();
      if (end === undefined) continue;
      expect(end, `${why}: an end has changed`).toBe(this.#ends.get(id) ?? end);
      this.#ends.set(id, end);
    }
  }

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
