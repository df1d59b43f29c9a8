import type { Conversation as ConversationShape } from '../src/chat/chat.ts';
import { listConversations, type ConversationPage } from '../src/chat/conversation-list.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArguments } from './connection.ts';
import { Conversation } from './conversation.ts';

const { connection: ConversationConnection } = connectionOf<ConversationShape, ConversationPage>(
  'ConversationConnection',
  'A page of conversations.',
  Conversation,
);
builder.objectFields(ConversationConnection, (t) => ({
  totalCount: t.field({
    type: 'SafeInt',
    description: 'All that the filter lets through.',
    resolve: (page) => page.totalCount(),
  }),
}));

const ConversationFilter = builder.inputType('ConversationFilter', {
  description: 'What to show; everything where left out.',
  fields: (t) => ({
    archived: t.boolean({ description: 'Only the archived ones, or only the others.' }),
    titleContains: t.string({ description: 'Part of the title, in capitals or not.' }),
    model: t.string({ description: 'Only those in which this model replies.' }),
  }),
});

const ConversationOrderField = builder.enumType('ConversationOrderField', {
  description: 'What conversations are ordered by.',
  values: {
    CREATED_AT: { description: 'When they began.' },
    LAST_MESSAGE_AT: { description: 'Their last message; where there is none, when they began.' },
    TITLE: { description: 'Their title, in capitals or not.' },
  } as const,
});

const OrderDirection = builder.enumType('OrderDirection', {
  description: 'Which end of an order comes first.',
  values: {
    ASC: { description: 'The smallest or earliest first.' },
    DESC: { description: 'The largest or latest first.' },
  } as const,
});

const ConversationOrder = builder.inputType('ConversationOrder', {
  description: 'The order of a list of conversations.',
  fields: (t) => ({
    field: t.field({ type: ConversationOrderField, required: true, description: 'By what.' }),
    direction: t.field({ type: OrderDirection, required: true, description: 'Which end first.' }),
  }),
});

builder.queryField('conversations', (t) =>
  t.field({
    type: ConversationConnection,
    description:
      "The viewer's conversations, the last active first unless ordered otherwise. At most 100 a page, 20 by default.",
    args: {
      ...pageArguments(20),
      filter: t.arg({ type: ConversationFilter, description: 'What to show.' }),
      orderBy: t.arg({ type: ConversationOrder, description: 'In what order.' }),
    },
    resolve: (_, args, { app, viewer }) => listConversations(app, viewer, args),
  }),
);
