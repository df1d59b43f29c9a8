import type { Sent } from '../src/chat/idempotency.ts';
import { followReply, type ReplyEvent as ReplyEventShape } from '../src/chat/follow.ts';
import { regenerateReply, sendMessage } from '../src/chat/send.ts';
import { stopReply } from '../src/chat/stop.ts';
import type { SeenMessage } from '../src/chat/messages.ts';
import { builder, type Ref } from './builder.ts';
import { Conversation } from './conversation.ts';
import {
  ContextLengthExceededError,
  ErrorInterface,
  IdempotencyConflictError,
  InvalidInputError,
  NotFoundError,
  outcomeOf,
  resultType,
} from './failure.ts';
import { ConversationBusy, QuotaExceeded, RateLimited } from '../src/failure.ts';
import { Message } from './message.ts';
import { GenerationSettingsInput } from './settings.ts';
import { Quota } from './viewer.ts';

// ── Sending ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const BusyPolicy = builder.enumType('BusyPolicy', {
  description: 'What to do where a reply is still being written under the message or on the branch.',
  values: {
    REJECT: { description: 'Return ConversationBusyError.' },
    INTERRUPT: { description: 'Stop the reply under way, then send.' },
  } as const,
});

const ConversationBusyError = builder.objectRef<ConversationBusy>('ConversationBusyError').implement({
  description: 'A reply is still being written under this message or on this branch.',
  interfaces: [ErrorInterface],
  isTypeOf: (value) => value instanceof ConversationBusy,
  fields: (t) => ({
    reply: t.field({
      type: Message,
      description: 'That reply.',
      resolve: async ({ replyId }, _, { load }) => (await load.message.load(replyId))!,
    }),
  }),
});

const QuotaExceededError = builder.objectRef<QuotaExceeded>('QuotaExceededError').implement({
  description: "The viewer's limit for today does not allow it.",
  interfaces: [ErrorInterface],
  isTypeOf: (value) => value instanceof QuotaExceeded,
  fields: (t) => ({ quota: t.expose('quota', { type: Quota, description: 'What is left, and when it begins anew.' }) }),
});

const RateLimitedError = builder.objectRef<RateLimited>('RateLimitedError').implement({
  description: 'The viewer sends too many messages a minute.',
  interfaces: [ErrorInterface],
  isTypeOf: (value) => value instanceof RateLimited,
  fields: (t) => ({ retryAfter: t.exposeInt('retryAfter', { description: 'Seconds to wait.' }) }),
});

const SendMessagePayload = builder.objectRef<Sent>('SendMessagePayload').implement({
  description: 'What was stored: the message, and the places of its replies.',
  fields: (t) => ({
    conversation: t.expose('conversation', { type: Conversation, description: 'Where it was said.' }),
    message: t.expose('message', { type: Message, description: "The user's message." }),
    reply: t.field({ type: Message, description: 'The first of the replies, which is the active one.', resolve: ({ replies }) => replies[0]! }),
    replies: t.expose('replies', { type: [Message], description: 'All replies of this request, alternatives of each other.' }),
  }),
});

const SendMessageResult = resultType('SendMessageResult', 'The outcome of sendMessage and regenerateReply.', SendMessagePayload, [
  InvalidInputError,
  NotFoundError,
  ConversationBusyError,
  ContextLengthExceededError,
  QuotaExceededError,
  RateLimitedError,
  IdempotencyConflictError,
]);

const described = {
  model: 'For this request alone.',
  settings: "For this request alone, over the conversation's own.",
  stream: 'Whether to return as soon as all is stored; else when the replies have ended.',
  ifBusy: 'What to do where a reply is still being written.',
  idempotencyKey:
    "At most 255 characters. A retry with the same key and input within 24 hours returns the first call's messages and sends nothing; it counts against no limit.",
};

const SendMessageInput = builder.inputType('SendMessageInput', {
  description: 'A message to the model.',
  fields: (t) => ({
    conversationId: t.id({ description: 'Left out: a new conversation begins.' }),
    parentId: t.id({
      description: "The message to go on from; the active branch's last by default. An earlier one edits: a new branch begins.",
    }),
    content: t.string({ required: true, description: 'The text.' }),
    model: t.string({ description: described.model }),
    settings: t.field({ type: GenerationSettingsInput, description: described.settings }),
    n: t.int({
      required: true,
      defaultValue: 1,
      description: 'How many replies to write, 1 to 8: alternatives of each other, the first one active.',
    }),
    stream: t.boolean({ required: true, defaultValue: true, description: described.stream }),
    ifBusy: t.field({ type: BusyPolicy, required: true, defaultValue: 'REJECT', description: described.ifBusy }),
    idempotencyKey: t.string({ description: described.idempotencyKey }),
  }),
});

const RegenerateReplyInput = builder.inputType('RegenerateReplyInput', {
  description: 'Which reply to write once more.',
  fields: (t) => ({
    messageId: t.id({ required: true, description: "The reply, or the user's message that it answers." }),
    model: t.string({ description: described.model }),
    settings: t.field({ type: GenerationSettingsInput, description: described.settings }),
    stream: t.boolean({ required: true, defaultValue: true, description: described.stream }),
    ifBusy: t.field({ type: BusyPolicy, required: true, defaultValue: 'REJECT', description: described.ifBusy }),
    idempotencyKey: t.string({ description: described.idempotencyKey }),
  }),
});

builder.mutationFields((t) => ({
  sendMessage: t.field({
    type: SendMessageResult,
    nullable: true,
    description: `Stores the user's message and has the model reply.

With \`stream: true\` (the default) it returns as soon as both are stored: follow the reply with Subscription.replyStream. With \`stream: false\` it returns when the reply has ended. The reply is written to its end and kept whether or not anyone follows it.`,
    args: { input: t.arg({ type: SendMessageInput, required: true, description: 'What to say, and how to have it answered.' }) },
    resolve: (_, { input }, { app, viewer }) => outcomeOf(sendMessage(app, viewer, input)),
  }),
  regenerateReply: t.field({
    type: SendMessageResult,
    nullable: true,
    description: 'Has the model reply once more to the same user message; the new reply becomes the active branch.',
    args: { input: t.arg({ type: RegenerateReplyInput, required: true, description: 'Which reply, and how.' }) },
    resolve: (_, { input }, { app, viewer }) => outcomeOf(regenerateReply(app, viewer, input)),
  }),
}));

// ── Stopping ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const StopMode = builder.enumType('StopMode', {
  description: 'What becomes of the request to the chat API.',
  values: {
    ABORT: { description: 'Close the request to the chat API at once; what it does not report is estimated.' },
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

const StopReplyResult = resultType('StopReplyResult', 'The outcome of stopReply.', StopReplyPayload, [InvalidInputError, NotFoundError]);

builder.mutationField('stopReply', (t) =>
  t.field({
    type: StopReplyResult,
    nullable: true,
    description: 'Stops a reply under way, on whichever server writes it. Idempotent: an ended reply is returned as it is.',
    args: { input: t.arg({ type: StopReplyInput, required: true, description: 'Which reply, and how.' }) },
    resolve: (_, { input }, { app, viewer }) => outcomeOf(stopReply(app, viewer, input).then((reply) => ({ reply }))),
  }),
);

// ── Following ────────────────────────────────────────────────────────────────────────────────────────────────────────

export const ReplyChunk: Ref<ChunkShape> = builder.objectRef<ChunkShape>('ReplyChunk').implement({
  description: 'A piece of the text of a reply. Merge rule: `text = text.slice(0, chunk.offset) + chunk.text`.',
  fields: (t) => ({
    messageId: t.exposeID('messageId', { description: 'The reply.' }),
    offset: t.exposeInt('offset', {
      description: "Where the text begins in the reply's content, in UTF-16 code units (the index of JavaScript, Java, C#, Dart strings).",
    }),
    text: t.exposeString('text', { description: 'At most 32 KiB of UTF-8, whole characters.' }),
  }),
});

type ChunkShape = Extract<ReplyEventShape, { type: 'chunk' }>;
type EndShape = Extract<ReplyEventShape, { type: 'end' }>;

const ReplyEnded = builder.objectRef<EndShape>('ReplyEnded').implement({
  description: 'The end of a reply, after all of its text and after it was stored; nothing comes after it.',
  fields: (t) => ({
    message: t.field({ type: Message, description: 'The reply as it has ended.', resolve: ({ ending }) => ending }),
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
      from: t.arg.int({ required: true, defaultValue: 0, description: 'Where to begin, in UTF-16 code units.' }),
    },
    subscribe: (_, args, { app, viewer }) => followReply(app, viewer, args),
    resolve: (event) => event,
  }),
);
