import type OpenAI from 'openai';
import { isReasoning } from './reasoning.ts';
import type { ReplyRequest } from './request.ts';

type Parameters = OpenAI.ChatCompletionCreateParams;

/** What a server of the chat API may not know. */
export type Feature = 'stream' | 'stream_options';

/**
 * Our request in the words of the chat API. What is null is left out.
 * @param lacking what this server has refused before
 */
export function parametersOf(
  { model, messages, settings, n }: ReplyRequest,
  lacking: ReadonlySet<Feature>,
): Parameters {
  const given = {
    temperature: settings.temperature,
    top_p: settings.topP,
    [isReasoning(model) ? 'max_completion_tokens' : 'max_tokens']: settings.maxTokens,
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
    stream: !lacking.has('stream'),
    ...(lacking.has('stream') || lacking.has('stream_options')
      ? {}
      : { stream_options: { include_usage: true } }),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value != null)),
  };
}
