import { readFileSync } from 'node:fs';
import { calcPrice, findProvider, type TieredPrices } from '@pydantic/genai-prices';
import { z } from 'zod';
import { DEMO_MODEL } from '../config.ts';
import { costOf, formatDecimal } from './money.ts';
import type { TokenUsage } from './request.ts';

/** What is known of a model. Prices are exact decimals in US dollars for a million tokens; null where not known. */
export interface ModelFacts {
  contextWindow: number | null;
  price: Price | null;
}

export interface Price {
  prompt: string;
  /** For those of the prompt's tokens that the provider had in its cache. */
  cached: string;
  completion: string;
}

export interface Prices {
  /** @param promptTokens some models cost more above a length. */
  of(model: string, promptTokens?: number): ModelFacts;
  /** The models that the operator's own file names. */
  named: string[];
}

/**
 * Prices and context windows of today: the operator's file over the catalogue that the library brings with it.
 * @param baseUrl whose models they are; an address that the catalogue does not know counts as a door to OpenAI's.
 */
export function createPrices({
  file,
  baseUrl,
}: {
  file: string | undefined;
  baseUrl: string | undefined;
}): Prices {
  const own: Record<string, ModelFacts> = {
    [DEMO_MODEL]: FREE,
    ...(file === undefined ? {} : readPriceFile(file)),
  };
  const provider =
    (baseUrl && findProvider({ providerApiUrl: baseUrl })) || findProvider({ providerId: 'openai' })!;
  return {
    named: Object.keys(own).filter((model) => model !== DEMO_MODEL),
    of: (model, promptTokens = 0) => {
      if (Object.hasOwn(own, model)) return own[model]!;
      const found = calcPrice({ input_tokens: promptTokens }, model, { provider });
      if (!found) return { contextWindow: null, price: null };
      const { input_mtok: prompt, cache_read_mtok: cached, output_mtok: completion } = found.model_price;
      return {
        contextWindow: found.model.context_window ?? null,
        price:
          prompt === undefined || completion === undefined
            ? null
            : {
                prompt: decimalOf(prompt, promptTokens),
                cached: decimalOf(cached ?? prompt, promptTokens),
                completion: decimalOf(completion, promptTokens),
              },
      };
    },
  };
}

/** Each token is priced once: the cached ones are part of the prompt's, the reasoning ones part of the completion's. */
export function priced(usage: TokenUsage, price: Price): string {
  return formatDecimal(
    costOf(usage.promptTokens - usage.cachedTokens, price.prompt) +
      costOf(usage.cachedTokens, price.cached) +
      costOf(usage.completionTokens, price.completion),
  );
}

// The catalogue's numbers are floats; to the twelfth place they are what was meant.
function decimalOf(price: number | TieredPrices, promptTokens: number): string {
  const number = typeof price === 'number' ? price : tierOf(price, promptTokens);
  return number.toFixed(12).replace(/\.?0+$/, '');
}

function tierOf({ base, tiers }: TieredPrices, promptTokens: number): number {
  return tiers.findLast(({ start }) => promptTokens > start)?.price ?? base;
}

const FREE: ModelFacts = { contextWindow: null, price: { prompt: '0', cached: '0', completion: '0' } };

// ── The operator's file ──────────────────────────────────────────────────────────────────────────────────────────────

const decimal = z
  .union([z.string().regex(/^\d{1,6}(\.\d{1,12})?$/), z.number().min(0).max(999_999)])
  .transform((value) => (typeof value === 'number' ? decimalOf(value, 0) : value));

const priceFile = z.record(
  z.string(),
  z.strictObject({
    contextWindow: z.int().positive().nullish(),
    promptPrice: decimal.nullish(),
    cachedPromptPrice: decimal.nullish(),
    completionPrice: decimal.nullish(),
  }),
);

/**
 * In the words of the API's type Model, prices in US dollars for a million tokens:
 * `{"my-model": {"contextWindow": 32768, "promptPrice": "0.15", "cachedPromptPrice": "0.075", "completionPrice": "0.6"}}`.
 * @throws Error that says what is wrong with it.
 */
function readPriceFile(file: string): Record<string, ModelFacts> {
  const models = priceFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  return Object.fromEntries(
    Object.entries(models).map(
      ([model, { contextWindow = null, promptPrice, cachedPromptPrice, completionPrice }]) => {
        if (promptPrice == null || completionPrice == null) return [model, { contextWindow, price: null }];
        const price = {
          prompt: promptPrice,
          cached: cachedPromptPrice ?? promptPrice,
          completion: completionPrice,
        };
        return [model, { contextWindow, price }];
      },
    ),
  );
}
