// What the contract promises and is not built yet: it says so, instead of answering something.
import { GraphQLError } from 'graphql';
import type { Conversation as ConversationShape } from '../src/chat/chat.ts';
import type { Context as ContextShape } from '../src/chat/prompt.ts';
import type { SeenMessage } from '../src/chat/messages.ts';
import type { Page } from '../src/page.ts';
import { builder } from './builder.ts';
import { connectionOf, forwardArguments } from './connection.ts';
import { Conversation } from './conversation.ts';
import { ContextLengthExceededError, InvalidInputError, NotFoundError, resultType } from './failure.ts';
import { Message, ReplyContext } from './message.ts';
import { GenerationSettingsInput } from './settings.ts';

function notImplemented(): never {
  throw new GraphQLError('This server cannot do that yet.', { extensions: { code: 'NOT_IMPLEMENTED' } });
}

const { connection: MessageSearchConnection, edge: MessageSearchEdge } = connectionOf<
  SeenMessage,
  Page<SeenMessage>
>('MessageSearchConnection', 'A page of what was found.', Message);
builder.objectFields(MessageSearchEdge, (t) => ({
  snippet: t.string({
    description: 'The part that matches and its surroundings, each match between the marks.',
    args: {
      before: t.arg.string({ required: true, defaultValue: '**', description: 'Put before each match.' }),
      after: t.arg.string({ required: true, defaultValue: '**', description: 'Put after each match.' }),
    },
    resolve: notImplemented,
  }),
}));
builder.queryField('searchMessages', (t) =>
  t.field({
    type: MessageSearchConnection,
    description:
      "Search in the text of the viewer's messages, newest first. Finds parts of words, in every script: 번역 finds 번역을.",
    args: { query: t.arg.string({ required: true, description: 'What to find.' }), ...forwardArguments(20) },
    resolve: notImplemented,
  }),
);

const EstimateReplyInput = builder.inputType('EstimateReplyInput', {
  description: 'A message that is not sent.',
  fields: (t) => ({
    conversationId: t.id({ description: 'Left out: a new conversation.' }),
    parentId: t.id({ description: "The message to go on from; the active branch's last by default." }),
    content: t.string({ required: true, description: 'The text.' }),
    model: t.string({ description: 'As for sendMessage.' }),
    settings: t.field({ type: GenerationSettingsInput, description: 'As for sendMessage.' }),
    n: t.int({ required: true, defaultValue: 1, description: 'How many replies.' }),
  }),
});
interface Estimate {
  context: ContextShape;
  maxCompletionTokens: number | null;
  maxCost: string | null;
}
const ReplyEstimate = builder.objectRef<Estimate>('ReplyEstimate').implement({
  description: 'What sendMessage would send, drop and cost at most.',
  fields: (t) => ({
    context: t.expose('context', { type: ReplyContext, description: 'What would be sent.' }),
    maxCompletionTokens: t.exposeInt('maxCompletionTokens', {
      nullable: true,
      description: 'Null where no maxTokens and no limit of the model bounds it.',
    }),
    maxCost: t.expose('maxCost', {
      type: 'Decimal',
      nullable: true,
      description: 'Null where the price is not known or nothing bounds the reply.',
    }),
  }),
});
const EstimateReplyResult = resultType(
  'EstimateReplyResult',
  'The outcome of estimateReply.',
  ReplyEstimate,
  [InvalidInputError, NotFoundError, ContextLengthExceededError],
);
builder.queryField('estimateReply', (t) =>
  t.field({
    type: EstimateReplyResult,
    nullable: true,
    description:
      'What sendMessage with this input would send, drop and cost at most. Sends and stores nothing.',
    args: { input: t.arg({ type: EstimateReplyInput, required: true, description: 'What would be sent.' }) },
    resolve: notImplemented,
  }),
);

const SelectMessageInput = builder.inputType('SelectMessageInput', {
  description: 'Which branch to go to.',
  fields: (t) => ({ messageId: t.id({ required: true, description: 'A message on it.' }) }),
});
const SelectMessagePayload = builder
  .objectRef<{ conversation: ConversationShape }>('SelectMessagePayload')
  .implement({
    description: 'That the branch is the active one.',
    fields: (t) => ({
      conversation: t.expose('conversation', { type: Conversation, description: 'As it is now.' }),
    }),
  });
const SelectMessageResult = resultType(
  'SelectMessageResult',
  'The outcome of selectMessage.',
  SelectMessagePayload,
  [NotFoundError],
);
builder.mutationField('selectMessage', (t) =>
  t.field({
    type: SelectMessageResult,
    nullable: true,
    description: 'Makes the branch through this message the active one.',
    args: { input: t.arg({ type: SelectMessageInput, required: true, description: 'Which branch.' }) },
    resolve: notImplemented,
  }),
);
