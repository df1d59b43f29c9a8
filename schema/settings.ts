import type { Settings } from '../src/db/values.ts';
import { builder } from './builder.ts';

const ReasoningEffort = builder.enumType('ReasoningEffort', {
  description: 'How long a reasoning model thinks before it answers.',
  values: {
    NONE: { description: 'Not at all.' },
    MINIMAL: { description: 'As little as it can.' },
    LOW: { description: 'A little: fast and cheap.' },
    MEDIUM: { description: 'As much as is usual.' },
    HIGH: { description: 'Long: slow and thorough.' },
  } as const,
});

const described = {
  temperature: 'From 0 (always the likeliest word) to 2.',
  topP: 'From 0 to 1: only the likeliest words that together have this probability.',
  maxTokens: 'The longest reply, in tokens; of a reasoning model its hidden tokens included.',
  presencePenalty: 'From -2 to 2: above 0, what was mentioned already becomes less likely.',
  frequencyPenalty: 'From -2 to 2: above 0, a word becomes less likely with every use.',
  seed: 'The same seed and input give the same reply, as far as the API can.',
  stop: 'At most 4 texts at which a reply ends.',
  reasoningEffort: 'For reasoning models.',
};

export const GenerationSettings = builder.objectRef<Settings>('GenerationSettings').implement({
  description: "The chat/completions parameters kept with a conversation. Null: the API's own default.",
  fields: (t) => ({
    temperature: t.exposeFloat('temperature', { nullable: true, description: described.temperature }),
    topP: t.exposeFloat('topP', { nullable: true, description: described.topP }),
    maxTokens: t.exposeInt('maxTokens', { nullable: true, description: described.maxTokens }),
    presencePenalty: t.exposeFloat('presencePenalty', {
      nullable: true,
      description: described.presencePenalty,
    }),
    frequencyPenalty: t.exposeFloat('frequencyPenalty', {
      nullable: true,
      description: described.frequencyPenalty,
    }),
    seed: t.exposeInt('seed', { nullable: true, description: described.seed }),
    stop: t.exposeStringList('stop', { nullable: true, description: described.stop }),
    reasoningEffort: t.expose('reasoningEffort', {
      type: ReasoningEffort,
      nullable: true,
      description: described.reasoningEffort,
    }),
  }),
});

export const GenerationSettingsInput = builder.inputType('GenerationSettingsInput', {
  description: 'Parameters of chat/completions. What is left out is what it was, or the default of the API.',
  fields: (t) => ({
    temperature: t.float({ description: described.temperature }),
    topP: t.float({ description: described.topP }),
    maxTokens: t.int({ description: described.maxTokens }),
    presencePenalty: t.float({ description: described.presencePenalty }),
    frequencyPenalty: t.float({ description: described.frequencyPenalty }),
    seed: t.int({ description: described.seed }),
    stop: t.stringList({ description: described.stop }),
    reasoningEffort: t.field({ type: ReasoningEffort, description: described.reasoningEffort }),
  }),
});
