// What the contract promises and is not built yet: it says so, instead of answering something.
import { GraphQLError } from 'graphql';
import type { Conversation as ConversationShape } from '../src/chat/chat.ts';
import type { SeenMessage } from '../src/chat/messages.ts';
import type { Page } from '../src/page.ts';
import { builder } from './builder.ts';
import { connectionOf, forwardArguments } from './connection.ts';
import { Conversation } from './conversation.ts';
import { NotFoundError, resultType } from './failure.ts';
import { Message } from './message.ts';

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
