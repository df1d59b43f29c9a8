import type { Conversation as ConversationShape } from '../src/chat/chat.ts';
import { createConversation, deleteConversation, updateConversation } from '../src/chat/conversations.ts';
import type { MessagePage } from '../src/chat/message-pages.ts';
import type { SeenMessage } from '../src/chat/messages.ts';
import { globalId, parseGlobalId } from '../src/ids.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArguments } from './connection.ts';
import { InvalidInputError, NotFoundError, outcomeOf, resultType } from './failure.ts';
import { defineMessage, Message, MessageRole } from './message.ts';
import { Node } from './node.ts';
import { GenerationSettings, GenerationSettingsInput } from './settings.ts';
import { defineReport, Usage } from './usage.ts';

// ── Types ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const Conversation = builder.objectRef<ConversationShape>('Conversation');
defineMessage(Conversation);
defineReport(Conversation);

/** A page knows which conversation it is of, so that its count can be asked for. */
type MessagePageOf = MessagePage & { conversationId: string };

const { connection: MessageConnection } = connectionOf<SeenMessage, MessagePageOf>(
  'MessageConnection',
  'A page of the active branch.',
  Message,
);
builder.objectFields(MessageConnection, (t) => ({
  totalCount: t.field({
    type: 'SafeInt',
    description: 'The length of the whole active branch.',
    resolve: ({ conversationId }, _, { load }) => load.messageCount.load(conversationId),
  }),
}));

Conversation.implement({
  description: 'A conversation with a model. Its messages are a tree, of which one branch is active.',
  interfaces: [Node],
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'titleGiven' in value,
  fields: (t) => ({
    id: t.id({ description: 'Opaque.', resolve: ({ id }) => globalId('Conversation', id) }),
    title: t.exposeString('title', {
      description: 'Given by the client, or made from the first user message.',
    }),
    systemPrompt: t.exposeString('systemPrompt', {
      nullable: true,
      description: "Sent as the system message, after the server's own.",
    }),
    model: t.string({
      description: 'The model that replies unless sendMessage names another.',
      resolve: ({ model }, _, { app }) => model ?? app.settings.OPENAI_MODEL,
    }),
    settings: t.expose('settings', {
      type: GenerationSettings,
      description: 'What the model is asked with.',
    }),
    archivedAt: t.expose('archivedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Null where it is not archived.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it began.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'The last change of any kind.' }),
    lastMessageAt: t.expose('lastMessageAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The last message; a new title or an archiving does not move it.',
    }),
    version: t.expose('version', {
      type: 'SafeInt',
      description:
        'Grows with every change in the conversation, its messages included: where conversationEvents goes on from.',
    }),
    messages: t.field({
      type: MessageConnection,
      description:
        'The active branch from the first message to the last, oldest first. `last: 20` gives the newest 20, still oldest first.',
      args: pageArguments(100),
      resolve: async ({ id }, args, { load }) => ({
        ...(await load.messagePage(id, args)),
        conversationId: id,
      }),
    }),
    activeReplies: t.field({
      type: [Message],
      description: 'The replies under way, on any branch.',
      resolve: ({ id }, _, { load }) => load.activeReplies.load(id),
    }),
    usage: t.field({
      type: Usage,
      description:
        'All that this conversation has ever used, stopped, failed and inactive branches included.',
      resolve: ({ id }, _, { load }) => load.usageOfConversation.load(id),
    }),
  }),
});

builder.queryField('conversation', (t) =>
  t.field({
    type: Conversation,
    nullable: true,
    description: "Null where it does not exist or is not the viewer's: the two are not told apart.",
    args: { id: t.arg.id({ required: true, description: 'As it was in the field id.' }) },
    resolve: (_, { id }, { load }) => {
      const parsed = parseGlobalId(id);
      return parsed?.type === 'Conversation' ? load.conversation.load(parsed.id) : null;
    },
  }),
);

// ── Mutations ────────────────────────────────────────────────────────────────────────────────────────────────────────

const title = 'At most 255 UTF-16 code units. Made from the first user message where left out.';
const systemPrompt = "Sent as the system message, after the server's own.";
const model = "The model that replies unless sendMessage names another; the server's default where left out.";

const MessageInput = builder.inputType('MessageInput', {
  description: 'A message of a history that is brought from elsewhere.',
  fields: (t) => ({
    role: t.field({ type: MessageRole, required: true, description: 'Whose words it is.' }),
    content: t.string({ required: true, description: 'The text.' }),
  }),
});

const CreateConversationInput = builder.inputType('CreateConversationInput', {
  description: 'A new conversation.',
  fields: (t) => ({
    title: t.string({ description: title }),
    systemPrompt: t.string({ description: systemPrompt }),
    model: t.string({ description: model }),
    settings: t.field({ type: GenerationSettingsInput, description: 'Kept with the conversation.' }),
    messages: t.field({
      type: [MessageInput],
      description: 'A history to begin with, oldest first, for instance one brought from elsewhere.',
    }),
  }),
});

const CreateConversationPayload = builder
  .objectRef<{ conversation: ConversationShape }>('CreateConversationPayload')
  .implement({
    description: 'What createConversation made.',
    fields: (t) => ({
      conversation: t.expose('conversation', { type: Conversation, description: 'The new one.' }),
    }),
  });

const CreateConversationResult = resultType(
  'CreateConversationResult',
  'The outcome of createConversation.',
  CreateConversationPayload,
  [InvalidInputError],
);

builder.mutationField('createConversation', (t) =>
  t.field({
    type: CreateConversationResult,
    nullable: true,
    description: 'Begins a conversation in which nothing is said yet, or with a history.',
    args: {
      input: t.arg({ type: CreateConversationInput, required: true, description: 'What it begins with.' }),
    },
    resolve: (_, { input }, { app, viewer }) =>
      outcomeOf(createConversation(app, viewer, input).then((conversation) => ({ conversation }))),
  }),
);

const UpdateConversationInput = builder.inputType('UpdateConversationInput', {
  description: 'A change. A field left out stays as it is; null clears it.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Which conversation.' }),
    title: t.string({ description: `${title.split('.')[0]}. Null: made from the first user message again.` }),
    systemPrompt: t.string({ description: systemPrompt }),
    model: t.string({
      description: "The model that replies unless sendMessage names another. Null: the server's default.",
    }),
    settings: t.field({
      type: GenerationSettingsInput,
      description: 'A setting left out stays as it is; null clears it, or all of them.',
    }),
    archived: t.boolean({ description: 'Whether it is archived.' }),
  }),
});

const UpdateConversationPayload = builder
  .objectRef<{ conversation: ConversationShape }>('UpdateConversationPayload')
  .implement({
    description: 'What updateConversation made of it.',
    fields: (t) => ({
      conversation: t.expose('conversation', { type: Conversation, description: 'As it is now.' }),
    }),
  });

const UpdateConversationResult = resultType(
  'UpdateConversationResult',
  'The outcome of updateConversation.',
  UpdateConversationPayload,
  [InvalidInputError, NotFoundError],
);

builder.mutationField('updateConversation', (t) =>
  t.field({
    type: UpdateConversationResult,
    nullable: true,
    description: 'Changes what is kept with a conversation. Replies under way are not touched.',
    args: { input: t.arg({ type: UpdateConversationInput, required: true, description: 'What to change.' }) },
    resolve: (_, { input }, { app, viewer }) =>
      outcomeOf(updateConversation(app, viewer, input).then((conversation) => ({ conversation }))),
  }),
);

const DeleteConversationInput = builder.inputType('DeleteConversationInput', {
  description: 'What to delete.',
  fields: (t) => ({ id: t.id({ required: true, description: 'Which conversation.' }) }),
});

const DeleteConversationPayload = builder
  .objectRef<{ deletedId: string }>('DeleteConversationPayload')
  .implement({
    description: 'That it is deleted.',
    fields: (t) => ({
      deletedId: t.exposeID('deletedId', { description: 'The id that stands for nothing any more.' }),
    }),
  });

const DeleteConversationResult = resultType(
  'DeleteConversationResult',
  'The outcome of deleteConversation.',
  DeleteConversationPayload,
  [NotFoundError],
);

builder.mutationField('deleteConversation', (t) =>
  t.field({
    type: DeleteConversationResult,
    nullable: true,
    description:
      "Erases the conversation's every word, stopping any reply under way. Its usage stays in the reports.",
    args: { input: t.arg({ type: DeleteConversationInput, required: true, description: 'Which one.' }) },
    resolve: (_, { input }, { app, viewer }) =>
      outcomeOf(deleteConversation(app, viewer, input).then((deletedId) => ({ deletedId }))),
  }),
);
