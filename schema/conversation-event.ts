import { watchConversation, type ConversationEvent as EventShape } from '../src/chat/conversation-feed.ts';
import { builder } from './builder.ts';
import { Conversation } from './conversation.ts';
import { Message } from './message.ts';
import { ReplyChunk } from './reply.ts';

type Shape<Type extends EventShape['type']> = Extract<EventShape, { type: Type }>;

const version = 'Where to go on from after this event: everything up to it has been told.';

const ConversationChanged = builder.objectRef<Shape<'conversation'>>('ConversationChanged').implement({
  description: 'The conversation itself, or something in it, has changed.',
  fields: (t) => ({
    version: t.expose('version', { type: 'SafeInt', description: version }),
    conversation: t.expose('conversation', { type: Conversation, description: 'As it is now.' }),
  }),
});

const MessageChanged = builder.objectRef<Shape<'message'>>('MessageChanged').implement({
  description: 'A message was added, has ended, or moved on or off the active branch.',
  fields: (t) => ({
    version: t.expose('version', { type: 'SafeInt', description: version }),
    message: t.expose('message', { type: Message, description: 'As it is now.' }),
  }),
});

const ConversationDeleted = builder.objectRef<Shape<'deleted'>>('ConversationDeleted').implement({
  description: 'The conversation does not exist any more; nothing comes after this.',
  fields: (t) => ({ conversationId: t.exposeID('conversationId', { description: 'Which one.' }) }),
});

const types = {
  conversation: ConversationChanged,
  message: MessageChanged,
  chunk: ReplyChunk,
  deleted: ConversationDeleted,
};

const ConversationEvent = builder.unionType('ConversationEvent', {
  description: 'What happens in a conversation.',
  types: Object.values(types),
  resolveType: ({ type }: EventShape) => types[type],
});

builder.subscriptionField('conversationEvents', (t) =>
  t.field({
    type: ConversationEvent,
    description: `All that changes in a conversation, from every device and server: first the conversation itself and every message changed since \`after\` (all of them, where it is left out), then the text of the replies under way, then what comes.

Nothing is missed between conversation.version in a query and this subscription with it as \`after\`. Text comes by the merge rule of replyStream; the end of a reply comes as MessageChanged with the whole text.`,
    args: {
      conversationId: t.arg.id({ required: true, description: 'Which one.' }),
      after: t.arg({ type: 'SafeInt', description: 'The version that the client knows.' }),
    },
    subscribe: (_, args, { app, viewer }) => watchConversation(app, viewer, args),
    resolve: (event) => event,
  }),
);
