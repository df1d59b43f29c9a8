// What of a conversation the model is given: the system prompts and the new message always, and of the history as many
// of the newest turns as the context window holds beside the reply.
import { ContextLengthExceeded } from '../failure.ts';
import type { PromptMessage } from '../model/request.ts';
import { countsAsStored, countTokens } from '../model/tokens.ts';
import type { Turn } from './branch.ts';

// What the chat format takes beside the texts. Source: OpenAI's cookbook, "How to count tokens with tiktoken".
const TOKENS_A_MESSAGE = 4;
const TOKENS_A_REQUEST = 3;
// Without maxTokens a reply may become as long as the window; so much of it is kept free.
const RESERVED_SHARE = 1 / 4;
const MAX_RESERVE = 16_384;

/** What of the history a reply was made from. */
export interface Context {
  messagesSent: number;
  messagesDropped: number;
  promptTokens: number;
  contextWindow: number | null;
}

export interface PromptInput {
  model: string;
  contextWindow: number | null;
  /** The most that the reply may take; null where nothing was said. */
  maxTokens: number | null;
  /** The server's, then the conversation's. */
  systemPrompts: string[];
  /** The newest messages of the branch so far, the last one first; read further as far as there is room. */
  newest: Turn[];
  earlier: (before: number, limit: number) => Promise<Turn[]>;
  /** Null where the model replies once more to the last message of the branch. */
  message: { content: string; tokens: number } | null;
}

/**
 * Drops what does not fit, the oldest first, whole turns at a time.
 * @throws ContextLengthExceeded where the new message does not fit even alone.
 */
export async function choosePrompt(
  input: PromptInput,
): Promise<{ prompt: PromptMessage[]; context: Context }> {
  const { model, contextWindow, systemPrompts, message } = input;
  const sizeOf = countsAsStored(model)
    ? async ({ tokens }: { tokens: number }) => tokens
    : ({ content }: { content: string }) => countTokens(content, model);
  const history = readHistory(input);
  // A regeneration has no new message: then the last one of the branch is what must fit.
  const last = message ?? (await history.next()).value!;
  let tokens = TOKENS_A_REQUEST + TOKENS_A_MESSAGE + (await sizeOf(last));
  for (const text of systemPrompts) tokens += TOKENS_A_MESSAGE + (await countTokens(text, model));
  const room = contextWindow === null ? Infinity : contextWindow - reserveOf(input, contextWindow);
  if (tokens > room) throw new ContextLengthExceeded(tokens, contextWindow!);

  const sent: Turn[] = [];
  let dropped = 0;
  let turn: Turn[] = [];
  let turnTokens = 0;
  for await (const older of history) {
    turn.push(older);
    turnTokens += TOKENS_A_MESSAGE + (await sizeOf(older));
    if (tokens + turnTokens > room) {
      dropped = turn[0]!.depth;
      turn = [];
      break;
    }
    if (older.role !== 'USER') continue;
    sent.push(...turn.splice(0));
    tokens += turnTokens;
    turnTokens = 0;
  }
  // A branch may begin with the model's words: a turn without a question.
  sent.push(...turn);
  tokens += turn.length > 0 ? turnTokens : 0;

  const said = sent.filter(({ content }) => content !== '').toReversed();
  return {
    prompt: [
      ...systemPrompts.map((content) => ({ role: 'system' as const, content })),
      ...said.map(({ role, content }) => ({
        role: role === 'USER' ? ('user' as const) : ('assistant' as const),
        content,
      })),
      { role: 'user', content: last.content },
    ],
    context: { messagesSent: said.length + 1, messagesDropped: dropped, promptTokens: tokens, contextWindow },
  };
}

function reserveOf({ maxTokens }: PromptInput, contextWindow: number): number {
  return maxTokens ?? Math.min(Math.floor(contextWindow * RESERVED_SHARE), MAX_RESERVE);
}

/** The branch from its last message backwards, read as far as it is asked for. */
async function* readHistory({ newest, earlier }: PromptInput): AsyncGenerator<Turn, undefined> {
  let page = newest;
  for (let limit = 1000; page.length > 0; limit *= 4) {
    yield* page;
    const oldest = page.at(-1)!;
    if (oldest.depth === 1) return;
    page = await earlier(oldest.position, limit);
  }
}
