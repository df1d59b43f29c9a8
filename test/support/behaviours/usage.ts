// What is reported of a request, and what is not.
import { choice, data, DONE, EXACT, finish, said, usage, well, good, type Behaviour } from './pieces.ts';

export const USAGE: Behaviour[] = [
  well('usage on every chunk', [usage({ prompt_tokens: 100, completion_tokens: 1 }), ...good], {}, EXACT),
  well(
    'usage with the last choice',
    [
      ...good.slice(0, 2),
      data({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: said }),
      DONE,
    ],
    {},
    EXACT,
  ),
  well(
    'usage inside the choice',
    [...good.slice(0, 2), choice({ delta: {}, finish_reason: 'stop', usage: said }), DONE],
    {},
    EXACT,
  ),
  well(
    'usage null until the last',
    [
      data({ choices: [{ index: 0, delta: { content: 'Hello there.' } }], usage: null }),
      finish(),
      usage(said),
      DONE,
    ],
    {},
    EXACT,
  ),
  well(
    'no usage',
    [...good.slice(0, 3), DONE],
    {},
    { promptTokens: 8, completionTokens: 3, estimatedTokens: 11 },
  ),
  well(
    'usage below zero',
    [...good.slice(0, 3), usage({ prompt_tokens: -1, completion_tokens: 7 }), DONE],
    {},
    { estimatedTokens: 11 },
  ),
  well(
    'usage as text',
    [...good.slice(0, 3), usage({ prompt_tokens: '100', completion_tokens: '7' }), DONE],
    {},
    { estimatedTokens: 11 },
  ),
  well(
    'usage beyond all numbers',
    [...good.slice(0, 3), usage({ prompt_tokens: 1e300, completion_tokens: 7 }), DONE],
    {},
    { estimatedTokens: 11 },
  ),
  well(
    'more cached tokens than tokens',
    [...good.slice(0, 3), usage({ ...said, prompt_tokens_details: { cached_tokens: 500 } }), DONE],
    {},
    { ...EXACT, cachedTokens: 100 },
  ),
  well(
    'cached and reasoning tokens',
    [
      ...good.slice(0, 3),
      usage({
        ...said,
        prompt_tokens_details: { cached_tokens: 60 },
        completion_tokens_details: { reasoning_tokens: 4 },
      }),
      DONE,
    ],
    {},
    { ...EXACT, cachedTokens: 60, reasoningTokens: 4 },
  ),
  well(
    "DeepSeek's name for cached tokens",
    [...good.slice(0, 3), usage({ ...said, prompt_cache_hit_tokens: 60 }), DONE],
    {},
    { ...EXACT, cachedTokens: 60 },
  ),
];
