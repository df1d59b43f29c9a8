import type OpenAI from 'openai';
import type { ReplyRequest } from './request.ts';

type Parameters = OpenAI.ChatCompletionCreateParamsStreaming;

/** Our request in the words of the chat API. What is null is left out. */
export function parametersOf({ model, messages, settings, n }: ReplyRequest): Parameters {
  const given = {
    temperature: settings.temperature,
    top_p: settings.topP,
    [takesCompletionTokens(model) ? 'max_completion_tokens' : 'max_tokens']: settings.maxTokens,
    presence_penalty: settings.presencePenalty,
    frequency_penalty: settings.frequencyPenalty,
    seed: settings.seed,
    stop: settings.stop?.length ? settings.stop : undefined,
    reasoning_effort: settings.reasoningEffort?.toLowerCase(),
    n: n > 1 ? n : undefined,
  };
  return {
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== null)),
  };
}

/** Whether it is a reasoning model, which refuses max_tokens and counts its hidden tokens in. */
export function takesCompletionTokens(model: string): boolean {
  return /^(o\d|gpt-5)/.test(model);
}
