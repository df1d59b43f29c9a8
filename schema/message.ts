import type { Conversation as ConversationShape } from '../src/chat/chat.ts';
import type { Context as ContextShape } from '../src/chat/prompt.ts';
import { contentOf, latest, statusOf, type SeenMessage } from '../src/chat/messages.ts';
import { describe } from '../src/chat/generation-errors.ts';
import type { StoredError } from '../src/db/values.ts';
import { globalId } from '../src/ids.ts';
import { builder, type Ref } from './builder.ts';
import { Node } from './node.ts';
import { Usage } from './usage.ts';

export const MessageRole = builder.enumType('MessageRole', {
  description:
    "Whose words they are. The system message is not one of the conversation's messages: it is Conversation.systemPrompt.",
  values: {
    USER: { description: "The user's." },
    ASSISTANT: { description: "The model's: a reply." },
  } as const,
});

const MessageStatus = builder.enumType('MessageStatus', {
  description: 'How far a message has come. It only moves forward; COMPLETE, STOPPED and FAILED are ends.',
  values: {
    PENDING: { description: 'Accepted, nothing written yet.' },
    STREAMING: { description: 'Being written.' },
    COMPLETE: { description: 'Written to its end.' },
    STOPPED: {
      description:
        'Ended by stopReply, or by a newer message with ifBusy: INTERRUPT. Keeps the text written so far.',
    },
    FAILED: { description: 'Ended by an error. Keeps the text written so far.' },
  } as const,
});

const FinishReason = builder.enumType('FinishReason', {
  description: 'Why the model ended its reply.',
  values: {
    STOP: { description: 'It had said all, or came to a stop text.' },
    LENGTH: { description: 'maxTokens, or the context window, was full.' },
    CONTENT_FILTER: { description: "The provider's filter cut it off." },
    OTHER: { description: 'Anything else.' },
  } as const,
});

const GenerationErrorCode = builder.enumType('GenerationErrorCode', {
  description: 'Why a reply failed.',
  values: {
    UPSTREAM_AUTH: { description: "401 or 403: the server's API key was refused." },
    UPSTREAM_RATE_LIMIT: { description: '429: too many requests.' },
    UPSTREAM_QUOTA: { description: '429 insufficient_quota: the account has no credit left.' },
    UPSTREAM_REJECTED: { description: '400, 404, 422: no such model, or a parameter it refuses.' },
    CONTEXT_LENGTH_EXCEEDED: { description: '400 context_length_exceeded, in spite of the trimming.' },
    UPSTREAM_UNAVAILABLE: { description: '5xx, or no connection.' },
    UPSTREAM_TIMEOUT: { description: 'No answer, or no further token, in time.' },
    UPSTREAM_PROTOCOL: {
      description: 'The stream broke off, ended without a finish reason, or could not be read.',
    },
    INTERRUPTED: { description: 'The server process that wrote the reply died or was shut down.' },
    INTERNAL: { description: 'A fault of this server; its log knows more.' },
  } as const,
});

const GenerationError = builder.objectRef<StoredError>('GenerationError').implement({
  description: 'Why a reply failed, in words of ours: what the chat API said is not passed on.',
  fields: (t) => ({
    code: t.expose('code', { type: GenerationErrorCode, description: 'For programs.' }),
    message: t.string({
      description: 'For people, in English.',
      resolve: ({ code }) => describe(code).message,
    }),
    retryable: t.boolean({
      description: 'Whether regenerateReply may well succeed.',
      resolve: ({ code }) => describe(code).retryable,
    }),
    retryAfter: t.exposeInt('retryAfter', {
      nullable: true,
      description: 'Seconds to wait first, where the API said so.',
    }),
  }),
});

export const ReplyContext = builder.objectRef<ContextShape>('ReplyContext').implement({
  description:
    'What of the history a reply was made from. What does not fit the context window is dropped oldest first, whole turns at a time, the system prompt never.',
  fields: (t) => ({
    messagesSent: t.exposeInt('messagesSent', {
      description: "The conversation's messages that the model was given, the new one included.",
    }),
    messagesDropped: t.exposeInt('messagesDropped', { description: 'Those of the branch that it was not.' }),
    promptTokensEstimated: t.exposeInt('promptTokens', {
      description: 'Our count of what was sent, system prompts included.',
    }),
    contextWindow: t.exposeInt('contextWindow', {
      nullable: true,
      description: "The model's, in tokens; null where not known.",
    }),
  }),
});

export const Message = builder.objectRef<SeenMessage>('Message');

/** @param Conversation as a type, which in turn has Messages. */
export function defineMessage(Conversation: Ref<ConversationShape>): void {
  Message.implement({
    description: "A user's message or a model's reply.",
    interfaces: [Node],
    isTypeOf: (value) => typeof value === 'object' && value !== null && 'role' in value,
    fields: (t) => ({
      id: t.id({ description: 'Opaque.', resolve: ({ id }) => globalId('Message', id) }),
      conversation: t.field({
        type: Conversation,
        description: 'Where it belongs.',
        resolve: async ({ conversationId }, _, { load }) => (await load.conversation.load(conversationId))!,
      }),
      role: t.expose('role', { type: MessageRole, description: 'Whose words it is.' }),
      content: t.string({
        description: 'The whole text, or for a reply under way the text so far.',
        resolve: contentOf,
      }),
      refusal: t.string({
        nullable: true,
        description: 'What the model said instead of answering, where it refused.',
        resolve: (message) => latest(message).refusal,
      }),
      status: t.field({ type: MessageStatus, description: 'How far it has come.', resolve: statusOf }),
      active: t.exposeBoolean('active', {
        description: "Whether it lies on the conversation's active branch.",
      }),
      parent: t.field({
        type: Message,
        nullable: true,
        description: 'The message before it; null for the first.',
        resolve: ({ parentId }, _, { load }) => (parentId ? load.message.load(parentId) : null),
      }),
      alternatives: t.field({
        type: [Message],
        description:
          'The messages with the same parent, this one included, oldest first: edits, regenerations, and the n replies of one request.',
        resolve: (message, _, { load }) => load.alternatives.load(message),
      }),
      model: t.exposeString('model', { nullable: true, description: 'Null for what no model wrote.' }),
      finishReason: t.field({
        type: FinishReason,
        nullable: true,
        description: 'Null until the reply ends, and where it did not come to its own end.',
        resolve: (message) => latest(message).finishReason,
      }),
      error: t.field({
        type: GenerationError,
        nullable: true,
        description: 'Set where status is FAILED.',
        resolve: (message) => latest(message).error,
      }),
      context: t.field({
        type: ReplyContext,
        nullable: true,
        description: 'What of the history the model was given. Null for what no model wrote.',
        resolve: ({ generationId }, _, { load }) => (generationId ? load.context.load(generationId) : null),
      }),
      usage: t.field({
        type: Usage,
        nullable: true,
        description:
          'What the request that made this reply used; null until it ends, and for what no model wrote. The n replies of one request share it; reports count it once.',
        resolve: ({ generationId }, _, { load }) =>
          generationId ? load.usageOfGeneration.load(generationId) : null,
      }),
      createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was stored.' }),
      timeToFirstTokenMs: t.int({
        nullable: true,
        description: 'From the request to the chat API until its first token, in milliseconds.',
        resolve: (message) => latest(message).timeToFirstTokenMs,
      }),
      completedAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When it ended; null until then.',
        resolve: (message) => latest(message).completedAt,
      }),
    }),
  });
}
