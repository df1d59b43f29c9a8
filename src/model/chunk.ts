import type { FinishReason } from '../db/values.ts';
import type { ReplySink, TokenUsage } from './request.ts';

/**
 * Hands on what one JSON object of a reply holds, be it a chunk of a stream or a whole completion. Servers differ:
 * whatever does not have the documented shape is passed over, because a field that one of them leaves out must not cost
 * the reply.
 */
export function interpret(body: Json, n: number, sink: ReplySink): void {
  for (const choice of list(body['choices'])) {
    const index = choice['index'] ?? 0;
    if (!isCount(index) || index >= n) continue;
    const delta = record(choice['delta']) ?? record(choice['message']) ?? {};
    if (isText(delta['content'])) sink.content(index, delta['content']);
    if (isText(delta['refusal'])) sink.refusal(index, delta['refusal']);
    if (isText(choice['finish_reason']))
      sink.finish(index, FINISH_REASONS[choice['finish_reason']] ?? 'OTHER');
    reportUsage(choice['usage'], sink);
  }
  reportUsage(body['usage'], sink);
}

function reportUsage(value: unknown, sink: ReplySink): void {
  const usage = usageOf(record(value));
  if (usage) sink.usage(usage);
}

/** Undefined where the numbers cannot be true: then they count as not reported. */
function usageOf(usage: Json | undefined): TokenUsage | undefined {
  const promptTokens = usage?.['prompt_tokens'];
  const completionTokens = usage?.['completion_tokens'] ?? 0;
  if (!isCount(promptTokens) || !isCount(completionTokens)) return undefined;
  const cached =
    record(usage?.['prompt_tokens_details'])?.['cached_tokens'] ?? usage?.['prompt_cache_hit_tokens'];
  const reasoning = record(usage?.['completion_tokens_details'])?.['reasoning_tokens'];
  return {
    promptTokens,
    cachedTokens: isCount(cached) ? Math.min(cached, promptTokens) : 0,
    completionTokens,
    reasoningTokens: isCount(reasoning) ? Math.min(reasoning, completionTokens) : 0,
  };
}

const FINISH_REASONS: Record<string, FinishReason> = {
  stop: 'STOP',
  length: 'LENGTH',
  content_filter: 'CONTENT_FILTER',
};

export type Json = Record<string, unknown>;

export function record(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null ? (value as Json) : undefined;
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(record).filter((item) => item !== undefined) : [];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
