import { followReply, type ReplyEvent as ReplyEventShape } from '../src/chat/follow.ts';
import type { SeenMessage } from '../src/chat/messages.ts';
import { stopReply } from '../src/chat/stop.ts';
import { builder, type Ref } from './builder.ts';
import { InvalidInputError, NotFoundError, outcomeOf, resultType } from './failure.ts';
import { Message } from './message.ts';

// ── Stopping ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const StopMode = builder.enumType('StopMode', {
  description: 'What becomes of the request to the chat API.',
  values: {
    ABORT: {
      description: 'Close the request to the chat API at once; what it does not report is estimated.',
    },
    DRAIN: { description: 'Freeze the text here, but read the stream to its end for the exact usage.' },
  } as const,
});

const StopReplyInput = builder.inputType('StopReplyInput', {
  description: 'Which reply to stop.',
  fields: (t) => ({
    messageId: t.id({ required: true, description: 'The reply.' }),
    mode: t.field({ type: StopMode, required: true, defaultValue: 'ABORT', description: 'How.' }),
  }),
});

const StopReplyPayload = builder.objectRef<{ reply: SeenMessage }>('StopReplyPayload').implement({
  description: 'The reply that is stopped.',
  fields: (t) => ({ reply: t.expose('reply', { type: Message, description: 'As it has ended.' }) }),
});

const StopReplyResult = resultType('StopReplyResult', 'The outcome of stopReply.', StopReplyPayload, [
  InvalidInputError,
  NotFoundError,
]);

builder.mutationField('stopReply', (t) =>
  t.field({
    type: StopReplyResult,
    nullable: true,
    description:
      'Stops a reply under way, on whichever server writes it. Idempotent: an ended reply is returned as it is.',
    args: { input: t.arg({ type: StopReplyInput, required: true, description: 'Which reply, and how.' }) },
    resolve: (_, { input }, { app, viewer }) =>
      outcomeOf(stopReply(app, viewer, input).then((reply) => ({ reply }))),
  }),
);

// ── Following ────────────────────────────────────────────────────────────────────────────────────────────────────────

export const ReplyChunk: Ref<ChunkShape> = builder.objectRef<ChunkShape>('ReplyChunk').implement({
  description:
    'A piece of the text of a reply. Merge rule: `text = text.slice(0, chunk.offset) + chunk.text`.',
  fields: (t) => ({
    messageId: t.exposeID('messageId', { description: 'The reply.' }),
    offset: t.exposeInt('offset', {
      description:
        "Where the text begins in the reply's content, in UTF-16 code units (the index of JavaScript, Java, C#, Dart strings).",
    }),
    text: t.exposeString('text', { description: 'At most 32 KiB of UTF-8, whole characters.' }),
  }),
});

type ChunkShape = Extract<ReplyEventShape, { type: 'chunk' }>;
type EndShape = Extract<ReplyEventShape, { type: 'end' }>;

const ReplyEnded = builder.objectRef<EndShape>('ReplyEnded').implement({
  description: 'The end of a reply, after all of its text and after it was stored; nothing comes after it.',
  fields: (t) => ({
    message: t.field({
      type: Message,
      description: 'The reply as it has ended.',
      resolve: ({ ending }) => ending,
    }),
  }),
});

const ReplyEvent = builder.unionType('ReplyEvent', {
  description: 'What comes of a reply: pieces of its text, then its end.',
  types: [ReplyChunk, ReplyEnded],
  resolveType: ({ type }) => (type === 'chunk' ? ReplyChunk : ReplyEnded),
});

builder.subscriptionField('replyStream', (t) =>
  t.field({
    type: ReplyEvent,
    description: `The text of one reply from an offset on: first all that is there, then what comes, at last ReplyEnded, whereupon the subscription completes.

It is the same for a reply under way, one that ended a year ago, and one cut off by a crash. The first event comes at once, if need be with an empty text. A client that reads slowly gets fewer and longer chunks, of at most 32 KiB, never a gap; no chunk ends inside a character. Merge rule, right even where a client library subscribes again with its old variables: \`text = text.slice(0, chunk.offset) + chunk.text\`.`,
    args: {
      messageId: t.arg.id({ required: true, description: 'The reply.' }),
      from: t.arg.int({
        required: true,
        defaultValue: 0,
        description: 'Where to begin, in UTF-16 code units.',
      }),
    },
    subscribe: (_, args, { app, viewer }) => followReply(app, viewer, args),
    resolve: (event) => event,
  }),
);
