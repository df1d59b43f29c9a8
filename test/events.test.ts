import { describe, expect, it } from 'vitest';
import { BACKENDS, type Backend } from './support/databases.ts';
import { SEND, type Answer, type Data } from './support/client.ts';
import { startServer, type TestServer } from './support/server.ts';
import { gate, says, Upstream } from './support/upstream.ts';

const WATCH = `subscription ($id: ID!, $after: SafeInt) {
  conversationEvents(conversationId: $id, after: $after) {
    __typename
    ... on ConversationChanged { version conversation { id title version archivedAt } }
    ... on MessageChanged { version message { id role content status active usage { totalTokens } } }
    ... on ReplyChunk { messageId offset text }
    ... on ConversationDeleted { conversationId }
  }
}`;

async function start(backend: Backend = 'postgres') {
  const upstream = await Upstream.start();
  const server = await startServer({ backend, settings: { OPENAI_BASE_URL: upstream.url } });
  return {
    upstream,
    server,
    send: async (input: object = {}) =>
      (await server.get(SEND, { input: { content: 'Hello', ...input } })).sendMessage,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** A device: what it knows of a conversation, from events alone. */
class Device {
  readonly messages = new Map<string, Data>();
  readonly seen: string[] = [];
  conversation: Data;
  version = 0;
  deleted = false;

  /** Takes events until the condition holds. */
  async follow(server: TestServer, id: string, until: (device: Device) => boolean): Promise<this> {
    const events = server.follow(WATCH, { id, ...(this.version > 0 ? { after: this.version } : {}) });
    for await (const answer of events) {
      this.take(answer);
      if (until(this)) break;
    }
    return this;
  }

  take({ data, errors }: Answer): void {
    if (errors) throw new Error(JSON.stringify(errors));
    const event = data.conversationEvents;
    this.seen.push(event.__typename);
    if (event.version !== undefined) {
      expect(event.version).toBeGreaterThanOrEqual(this.version);
      this.version = event.version;
    }
    if (event.conversation) this.conversation = event.conversation;
    if (event.message) this.messages.set(event.message.id, event.message);
    if (event.conversationId) this.deleted = true;
    if (event.text === undefined) return;
    const message = this.messages.get(event.messageId);
    expect(message, 'a piece of a message that is not known').toBeDefined();
    expect(['PENDING', 'STREAMING'], 'a piece after the end').toContain(message.status);
    message.content = message.content.slice(0, event.offset) + event.text;
  }

  /** What the query would say. */
  get active(): Data[] {
    return [...this.messages.values()]
      .filter(({ active }) => active)
      .map(({ role, content, status }) => [role, content, status]);
  }
}

const ended = (replies: number) => (device: Device) =>
  [...device.messages.values()].filter(
    ({ role, status }) => role === 'ASSISTANT' && !['PENDING', 'STREAMING'].includes(status),
  ).length === replies;

describe.each(BACKENDS)('conversationEvents on %s', (backend) => {
  it('tells the state, then what comes, to every device, with the text of the replies under way', async () => {
    await using at = await start(backend);
    at.upstream.always(says('One after another.', { everyMs: 5 }));
    const { conversation } = await at.send({ stream: false, content: 'First' });
    const devices = [new Device(), new Device()].map((device) =>
      device.follow(at.server, conversation.id, ended(2)),
    );
    await at.send({ conversationId: conversation.id, content: 'Second' });
    for (const device of await Promise.all(devices)) {
      expect(device.seen[0]).toBe('ConversationChanged');
      expect(device.active).toEqual([
        ['USER', 'First', 'COMPLETE'],
        ['ASSISTANT', 'One after another.', 'COMPLETE'],
        ['USER', 'Second', 'COMPLETE'],
        ['ASSISTANT', 'One after another.', 'COMPLETE'],
      ]);
    }
  });

  it('goes on from a version with what has changed since, and nothing else', async () => {
    await using at = await start(backend);
    const { conversation } = await at.send({ stream: false });
    const device = await new Device().follow(at.server, conversation.id, ended(1));
    const { version } = (
      await at.server.get('query ($id: ID!) { conversation(id: $id) { version } }', { id: conversation.id })
    ).conversation;
    expect(device.version).toBe(version);
    device.seen.length = 0;
    await at.server.get(
      'mutation ($id: ID!) { updateConversation(input: { id: $id, title: "Named" }) { __typename } }',
      { id: conversation.id },
    );
    await at.send({ conversationId: conversation.id, stream: false, content: 'Again' });
    await device.follow(at.server, conversation.id, ended(2));
    expect(device.seen).toEqual(['ConversationChanged', 'MessageChanged', 'MessageChanged']);
    expect(device.conversation.title).toBe('Named');
  });
});

describe('conversationEvents', () => {
  it('tells that the conversation is deleted, and ends', async () => {
    await using at = await start();
    const { conversation } = await at.send({ stream: false });
    const begun = Promise.withResolvers<void>();
    const watching = new Device().follow(at.server, conversation.id, () => (begun.resolve(), false));
    await begun.promise;
    await at.server.get('mutation ($id: ID!) { deleteConversation(input: { id: $id }) { __typename } }', {
      id: conversation.id,
    });
    const device = await watching;
    expect(device.deleted).toBe(true);
    expect(device.seen.at(-1)).toBe('ConversationDeleted');
  });

  it('of what does not exist is not found', async () => {
    await using at = await start();
    const { reply } = await at.send({ stream: false });
    for (const id of ['nonsense', reply.id]) {
      expect((await at.server.follow(WATCH, { id }).next()).value.errors).toMatchObject([
        { extensions: { code: 'NOT_FOUND' } },
      ]);
    }
    expect(at.server.app.changes.size).toBe(0);
  });

  it('lets go of everything when it is left while nothing happens', async () => {
    await using at = await start();
    const wait = gate();
    at.upstream.always(async (answer) => {
      answer.token('Half');
      await wait.pass();
      answer.finish().done();
    });
    const { conversation } = await at.send();
    const events = at.server.follow(WATCH, { id: conversation.id });
    for (let text = ''; text !== 'Half';)
      text = (await events.next()).value.data.conversationEvents.text ?? text;
    await events.return!();
    while (at.server.app.changes.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    wait.open();
  });

  it('has no gap, wherever a device is cut off, over sends, edits, new titles and stops', async () => {
    await using at = await start();
    at.upstream.always(says('Word by word by word.', { everyMs: 1 }));
    const first = await at.send({ stream: false });
    const { id } = first.conversation;
    let done = false;
    const device = new Device();
    const watching = (async () => {
      // Cut off after every third event, and then on from the version.
      for (let cuts = 0; !done; cuts++) {
        let events = 0;
        await device.follow(at.server, id, () => ++events === 3 + (cuts % 3) || done);
      }
    })();
    for (let round = 0; round < 8; round++) {
      await at.send({
        conversationId: id,
        content: `Round ${round}`,
        ifBusy: 'INTERRUPT',
        stream: round % 2 === 0,
      });
      if (round === 4)
        await at.send({
          conversationId: id,
          content: 'Edited',
          parentId: first.reply.id,
          ifBusy: 'INTERRUPT',
        });
      await at.server.get(
        'mutation ($id: ID!, $title: String) { updateConversation(input: { id: $id, title: $title }) { __typename } }',
        { id, title: `Title ${round}` },
      );
    }
    await at.send({ conversationId: id, content: 'The last', ifBusy: 'INTERRUPT', stream: false });
    done = true;
    await at.server.get(
      'mutation ($id: ID!) { updateConversation(input: { id: $id, title: "The end" }) { __typename } }',
      { id },
    );
    await watching;
    await device.follow(at.server, id, ({ conversation }) => conversation.title === 'The end');
    const { conversation } = await at.server.get(
      'query ($id: ID!) { conversation(id: $id) { version title messages { nodes { id role content status } } } }',
      { id },
    );
    while (device.version < conversation.version)
      await device.follow(at.server, id, ({ version }) => version >= conversation.version);
    expect(device.conversation.title).toBe('The end');
    expect(device.active).toEqual(
      conversation.messages.nodes.map(({ role, content, status }: Data) => [role, content, status]),
    );
  });
});
