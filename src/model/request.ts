import type { FinishReason, Settings } from '../db/values.ts';

/** What a reply is asked for with. Null and absent settings are not sent: the API's own defaults hold. */
export interface ReplyRequest {
  model: string;
  messages: PromptMessage[];
  settings: Settings;
  /** How many replies, alternatives of each other. */
  n: number;
}

export interface PromptMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/**
 * Takes what the chat API sends, in order and at the moment it is read. `choice` is from 0 to n - 1; the choices of one
 * request come interleaved.
 */
export interface ReplySink {
  /** The API has accepted the request. Its id leads the provider's support to it. */
  accepted(requestId: string | null): void;
  content(choice: number, text: string): void;
  refusal(choice: number, text: string): void;
  finish(choice: number, reason: FinishReason): void;
  /** May come more than once: the last one counts, never the sum. */
  usage(usage: TokenUsage): void;
}

/** Tokens as the API reported them. */
export interface TokenUsage {
  promptTokens: number;
  /** Part of promptTokens. */
  cachedTokens: number;
  completionTokens: number;
  /** Part of completionTokens. */
  reasoningTokens: number;
}
