import type { Chat } from './chat.ts';

/** A model as clients see it. Prices are exact decimals in US dollars for a million tokens; null where not known. */
export interface ListedModel {
  id: string;
  contextWindow: number | null;
  promptPrice: string | null;
  cachedPromptPrice: string | null;
  completionPrice: string | null;
  isDefault: boolean;
}

/**
 * The default model, and those that the operator allows; where any is allowed, those that the operator's price file
 * names, since nobody knows all that the chat API has.
 */
export function listModels({ settings, prices }: Chat): ListedModel[] {
  const names = new Set([settings.OPENAI_MODEL, ...(settings.ALLOWED_MODELS ?? prices.named)]);
  return [...names].map((id) => {
    const { contextWindow, price } = prices.of(id);
    return {
      id,
      contextWindow,
      promptPrice: price?.prompt ?? null,
      cachedPromptPrice: price?.cached ?? null,
      completionPrice: price?.completion ?? null,
      isDefault: id === settings.OPENAI_MODEL,
    };
  });
}
