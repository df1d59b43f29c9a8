import type { Settings } from '../db/values.ts';

// Models that think before they answer take fewer parameters. Source: OpenAI's guide "Reasoning models", and what the API
// answers to the others ("Unsupported value").

/** Whether it is a reasoning model: it refuses max_tokens, and counts its hidden tokens in max_completion_tokens. */
export function isReasoning(model: string): boolean {
  // A router puts the provider's name before it: openai/gpt-5. The chat variants do not think.
  return /(^|\/)(o[1-9]|gpt-5)(?!.*-chat)/.test(model);
}

const ONLY_VALUE = { temperature: 1, topP: 1, presencePenalty: 0, frequencyPenalty: 0 } as const;
type Parameter = keyof typeof ONLY_VALUE;

/** The first parameter that the model would refuse; undefined where it takes all of them. */
export function refusedParameter(model: string, settings: Settings): Parameter | undefined {
  if (!isReasoning(model) || thinksNot(model, settings)) return undefined;
  const parameters = Object.keys(ONLY_VALUE) as Parameter[];
  return parameters.find((name) => settings[name] != null && settings[name] !== ONLY_VALUE[name]);
}

/** From gpt-5.1 on a model that is told not to think takes what others take. */
function thinksNot(model: string, { reasoningEffort }: Settings): boolean {
  return reasoningEffort === 'NONE' && /gpt-5\.\d/.test(model);
}
