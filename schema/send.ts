import type { Sent } from '../src/chat/idempotency.ts';
import { regenerateReply, sendMessage } from '../src/chat/send.ts';
import { ConversationBusy, QuotaExceeded, RateLimited } from '../src/failure.ts';
import { builder } from './builder.ts';
import { Conversation } from './conversation.ts';
import {
  ContextLengthExceededError,
  failureType,
  IdempotencyConflictError,
  InvalidInputError,
  NotFoundError,
  outcomeOf,
  resultType,
} from './failure.ts';
import { Message } from './message.ts';
import { GenerationSettingsInput } from './settings.ts';
import { Quota } from './viewer.ts';

const BusyPolicy = builder.enumType('BusyPolicy', {
  description: 'What to do where a reply is still being written under the message or on the branch.',
  values: {
    REJECT: { description: 'Return ConversationBusyError.' },
    INTERRUPT: { description: 'Stop the reply under way, then send.' },
  } as const,
});

const ConversationBusyError = failureType(
  ConversationBusy,
  'ConversationBusyError',
  'A reply is still being written under this message or on this branch.',
);
builder.objectFields(ConversationBusyError, (t) => ({
  reply: t.field({
    type: Message,
    description: 'That reply.',
    resolve: async ({ replyId }, _, { load }) => (await load.message.load(replyId))!,
  }),
}));

const QuotaExceededError = failureType(
  QuotaExceeded,
  'QuotaExceededError',
  "The viewer's limit for today does not allow it.",
);
builder.objectFields(QuotaExceededError, (t) => ({
  quota: t.expose('quota', { type: Quota, description: 'What is left, and when it begins anew.' }),
}));

const RateLimitedError = failureType(
  RateLimited,
  'RateLimitedError',
  'The viewer sends too many messages a minute.',
);
builder.objectFields(RateLimitedError, (t) => ({
  retryAfter: t.exposeInt('retryAfter', { description: 'Seconds to wait.' }),
}));

const SendMessagePayload = builder.objectRef<Sent>('SendMessagePayload').implement({
  description: 'What was stored: the message, and the places of its replies.',
  fields: (t) => ({
    conversation: t.expose('conversation', { type: Conversation, description: 'Where it was said.' }),
    message: t.expose('message', { type: Message, description: "The user's message." }),
    reply: t.field({
      type: Message,
      description: 'The first of the replies, which is the active one.',
      resolve: ({ replies }) => replies[0]!,
    }),
    replies: t.expose('replies', {
      type: [Message],
      description: 'All replies of this request, alternatives of each other.',
    }),
  }),
});

const SendMessageResult = resultType(
  'SendMessageResult',
  'The outcome of sendMessage and regenerateReply.',
  SendMessagePayload,
  [
    InvalidInputError,
    NotFoundError,
    ConversationBusyError,
    ContextLengthExceededError,
    QuotaExceededError,
    RateLimitedError,
    IdempotencyConflictError,
  ],
);

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
      description:
        "The message to go on from; the active branch's last by default. An earlier one edits: a new branch begins.",
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
    ifBusy: t.field({
      type: BusyPolicy,
      required: true,
      defaultValue: 'REJECT',
      description: described.ifBusy,
    }),
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
    ifBusy: t.field({
      type: BusyPolicy,
      required: true,
      defaultValue: 'REJECT',
      description: described.ifBusy,
    }),
    idempotencyKey: t.string({ description: described.idempotencyKey }),
  }),
});

builder.mutationFields((t) => ({
  sendMessage: t.field({
    type: SendMessageResult,
    nullable: true,
    description: `Stores the user's message and has the model reply.

With \`stream: true\` (the default) it returns as soon as both are stored: follow the reply with Subscription.replyStream. With \`stream: false\` it returns when the reply has ended. The reply is written to its end and kept whether or not anyone follows it.`,
    args: {
      input: t.arg({
        type: SendMessageInput,
        required: true,
        description: 'What to say, and how to have it answered.',
      }),
    },
    resolve: (_, { input }, { app, viewer }) => outcomeOf(sendMessage(app, viewer, input)),
  }),
  regenerateReply: t.field({
    type: SendMessageResult,
    nullable: true,
    description:
      'Has the model reply once more to the same user message; the new reply becomes the active branch.',
    args: {
      input: t.arg({ type: RegenerateReplyInput, required: true, description: 'Which reply, and how.' }),
    },
    resolve: (_, { input }, { app, viewer }) => outcomeOf(regenerateReply(app, viewer, input)),
  }),
}));
