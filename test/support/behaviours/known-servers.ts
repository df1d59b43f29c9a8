// Streams in the shapes of the servers that people point Parley at: test/fixtures/streams holds one of each.
import { readFileSync } from 'node:fs';
import { well, type Behaviour } from './pieces.ts';

const TEXT = 'Good day, 안녕! 👋';

/** What each server reports. */
const REPORTED = {
  openai: { promptTokens: 1214, cachedTokens: 1152, completionTokens: 9 },
  azure: { promptTokens: 21, cachedTokens: 0, completionTokens: 9 },
  // Reports on every chunk.
  vllm: { promptTokens: 18, completionTokens: 13 },
  sglang: { promptTokens: 42, completionTokens: 9 },
  'llama-cpp': { promptTokens: 33, completionTokens: 10 },
  ollama: { promptTokens: 26, completionTokens: 11 },
  // Reports beside a choice that has ended.
  litellm: { promptTokens: 1030, cachedTokens: 1024, completionTokens: 14 },
  // Sends comments to keep the connection alive.
  openrouter: { promptTokens: 16, completionTokens: 12 },
  // Reports on the last choice's chunk, and thinks aloud.
  deepseek: { promptTokens: 330, cachedTokens: 320, completionTokens: 40, reasoningTokens: 28 },
};

export const KNOWN_SERVERS: Behaviour[] = Object.entries(REPORTED).map(([server, books]) => {
  const stream = readFileSync(new URL(`../../fixtures/streams/${server}.sse`, import.meta.url), 'utf8');
  return well(
    `what ${server} does`,
    stream.split(/(?<=\n\n)/),
    { content: TEXT },
    { ...books, estimatedTokens: 0 },
  );
});
