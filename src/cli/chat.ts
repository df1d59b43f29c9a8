// A chat in the terminal: the reply on standard output as it streams, all else on standard error.
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { CONNECTION_HELP, CONNECTION_OPTIONS, openClient, run, type ApiClient } from './client.ts';
import { amount, dollars } from './format.ts';

const HELP = `npm run chat -- [options] [MESSAGE]

Sends the message and prints the reply as it is written; Ctrl-C stops it. Without a message there is a prompt.

  --conversation ID  goes on in this conversation
  --model NAME       another model than the conversation's
${CONNECTION_HELP}
`;

interface Sent {
  conversation: { id: string };
  reply: { id: string };
}

interface Ended {
  status: string;
  error: { message: string } | null;
  usage: {
    promptTokens: number;
    completionTokens: number;
    estimatedTokens: number;
    cost: string | null;
  } | null;
}

const SEND = `mutation Send($input: SendMessageInput!) {
  sendMessage(input: $input) {
    ... on SendMessagePayload { conversation { id } reply { id } }
    ... on Error { problem: message }
  }
}`;

const FOLLOW = `subscription Follow($id: ID!) {
  replyStream(messageId: $id) {
    ... on ReplyChunk { offset text }
    ... on ReplyEnded { message { status error { message } usage { promptTokens completionTokens estimatedTokens cost } } }
  }
}`;

const STOP = `mutation Stop($id: ID!) { stopReply(input: { messageId: $id }) { __typename } }`;

async function converse(
  client: ApiClient,
  conversation: string | undefined,
  model: string | undefined,
): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, prompt: '> ' });
  // While a reply streams, Ctrl-C is for the reply; here it ends the conversation.
  lines.on('SIGINT', () => (process.listenerCount('SIGINT') > 0 ? process.emit('SIGINT') : lines.close()));
  let closed = false;
  lines.on('close', () => (closed = true));
  lines.prompt();
  for await (const line of lines) {
    if (line.trim() !== '') conversation = await say(client, line, conversation, model);
    if (!closed) lines.prompt();
  }
  if (conversation) note(`\nGo on with: npm run chat -- --conversation ${conversation}`);
}

/** @returns the conversation in which it was said */
async function say(
  client: ApiClient,
  content: string,
  conversationId: string | undefined,
  model: string | undefined,
): Promise<string> {
  const { sendMessage: sent } = await client.ask<{ sendMessage: Sent & { problem?: string } }>(SEND, {
    input: { conversationId, content, model },
  });
  if (sent.problem) throw new Error(sent.problem);
  const stop = () => void client.ask(STOP, { id: sent.reply.id }).catch(() => {});
  process.once('SIGINT', stop);
  try {
    tell(await printReply(client, sent.reply.id));
  } finally {
    process.off('SIGINT', stop);
  }
  if (!conversationId) note(`conversation ${sent.conversation.id}`);
  return sent.conversation.id;
}

async function printReply(client: ApiClient, id: string): Promise<Ended> {
  let printed = 0;
  type Event = { replyStream: { offset: number; text: string; message?: Ended } };
  for await (const { replyStream: event } of client.follow<Event>(FOLLOW, { id })) {
    if (event.message) return event.message;
    // After a broken connection the text comes from the beginning again.
    process.stdout.write(event.text.slice(Math.max(0, printed - event.offset)));
    printed = Math.max(printed, event.offset + event.text.length);
  }
  throw new Error('The reply has no end.');
}

function tell({ status, error, usage }: Ended): void {
  process.stdout.write('\n');
  if (error) note(error.message);
  if (status === 'STOPPED') note('stopped');
  if (!usage) return;
  const estimated = usage.estimatedTokens > 0 ? ', estimated' : '';
  note(
    `tokens: ${amount(usage.promptTokens)} in, ${amount(usage.completionTokens)} out${estimated} · cost: ${dollars(usage.cost)}`,
  );
}

function note(text: string): void {
  const dim =
    process.stderr.isTTY && process.stderr.hasColors()
      ? (line: string) => `\u001b[2m${line}\u001b[22m`
      : (line: string) => line;
  process.stderr.write(`${dim(text)}\n`);
}

await run(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ...CONNECTION_OPTIONS,
      conversation: { type: 'string' },
      model: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const client = openClient(values);
  try {
    const { conversation, model } = values;
    if (positionals.length > 0) await say(client, positionals.join(' '), conversation, model);
    else await converse(client, conversation, model);
  } finally {
    client.close();
  }
});
