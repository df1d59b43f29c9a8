// What the columns of tables.ts hold, where that is less than any text or JSON.

export type Role = 'USER' | 'ASSISTANT';
/** STREAMING is not stored: it is a PENDING reply with text. */
export type StoredStatus = 'PENDING' | 'COMPLETE' | 'STOPPED' | 'FAILED';
export type FinishReason = 'STOP' | 'LENGTH' | 'CONTENT_FILTER' | 'OTHER';
export type RequestOutcome = 'COMPLETE' | 'STOPPED' | 'FAILED' | 'INTERRUPTED';
export type ReasoningEffort = 'NONE' | 'MINIMAL' | 'LOW' | 'MEDIUM' | 'HIGH';

/** The chat API's parameters. Null or absent: its own default. */
export interface Settings {
  temperature?: number | null;
  topP?: number | null;
  maxTokens?: number | null;
  presencePenalty?: number | null;
  frequencyPenalty?: number | null;
  seed?: number | null;
  stop?: string[] | null;
  reasoningEffort?: ReasoningEffort | null;
}

export interface StoredError {
  code: GenerationErrorCode;
  retryAfter?: number;
}

export type GenerationErrorCode =
  | 'UPSTREAM_AUTH'
  | 'UPSTREAM_RATE_LIMIT'
  | 'UPSTREAM_QUOTA'
  | 'UPSTREAM_REJECTED'
  | 'CONTEXT_LENGTH_EXCEEDED'
  | 'UPSTREAM_UNAVAILABLE'
  | 'UPSTREAM_TIMEOUT'
  | 'UPSTREAM_PROTOCOL'
  | 'INTERRUPTED'
  | 'INTERNAL';

/** ABORT: the request is closed at once. DRAIN: the text ends here, but the request is read on for its exact usage. */
export type StopMode = 'ABORT' | 'DRAIN';
