import { estimateReply, type Estimate } from '../src/chat/estimate.ts';
import { builder } from './builder.ts';
import {
  ContextLengthExceededError,
  InvalidInputError,
  NotFoundError,
  outcomeOf,
  resultType,
} from './failure.ts';
import { ReplyContext } from './message.ts';
import { GenerationSettingsInput } from './settings.ts';

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
const ReplyEstimate = builder.objectRef<Estimate>('ReplyEstimate').implement({
  description: 'What sendMessage would send, drop and cost at most.',
  fields: (t) => ({
    context: t.expose('context', { type: ReplyContext, description: 'What would be sent.' }),
    maxCompletionTokens: t.exposeInt('maxCompletionTokens', {
      nullable: true,
      description: 'Of all n replies together. Null where no maxTokens and no limit of the model bounds it.',
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
    resolve: (_, { input }, { app, viewer }) => outcomeOf(estimateReply(app, viewer, input)),
  }),
);
