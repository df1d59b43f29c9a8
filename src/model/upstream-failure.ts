import type { GenerationErrorCode } from '../db/values.ts';

/**
 * Why the chat API did not write a reply to its end. Holds nothing of the API's own message, which may hold part of a
 * key or of the prompt.
 */
export class UpstreamFailure extends Error {
  readonly code: GenerationErrorCode;
  /** Whether the same request may be made again, as long as it has brought no token. */
  readonly again: boolean;
  /** How long the API asked to wait first, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Whether the request was turned away before any work was done on it: then it is not billed. */
  readonly refused: boolean;
  /** Whether the server does not know one of our wishes, and is asked again without it. */
  readonly withoutIt: boolean;
  /** For the log: the HTTP status, the API's own error code, the request's id. */
  readonly details: FailureDetails;

  constructor(code: GenerationErrorCode, options: FailureOptions = {}) {
    const { again = false, refused = false, withoutIt = false, retryAfterMs, cause, ...details } = options;
    super(code, { cause });
    this.code = code;
    this.again = again;
    this.retryAfterMs = retryAfterMs;
    this.refused = refused;
    this.withoutIt = withoutIt;
    this.details = details;
  }
}

interface FailureDetails {
  status?: number | undefined;
  upstreamCode?: string | undefined;
  requestId?: string | null | undefined;
}

interface FailureOptions extends FailureDetails {
  again?: boolean;
  refused?: boolean;
  withoutIt?: boolean;
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** The `error` object of the chat API's answers, as far as it can be relied on. */
export interface ErrorBody {
  code?: unknown;
  type?: unknown;
}

/**
 * Puts an answer that is not 200, or an error inside a stream, into our words.
 * Source: https://platform.openai.com/docs/guides/error-codes, and what compatible servers send.
 */
export function failureOf(
  status: number,
  body: ErrorBody | undefined,
  options: FailureOptions = {},
): UpstreamFailure {
  const code = word(body?.code);
  const type = word(body?.type);
  const make = (ours: GenerationErrorCode, again = false) =>
    new UpstreamFailure(ours, { ...options, again, status, upstreamCode: code ?? type });
  if (status === 401 || status === 403) return make('UPSTREAM_AUTH');
  if (status === 402 || QUOTA.has(code ?? '') || QUOTA.has(type ?? '')) return make('UPSTREAM_QUOTA');
  if (status === 429) return make('UPSTREAM_RATE_LIMIT', true);
  if (code === 'context_length_exceeded' || type === 'exceed_context_size_error')
    return make('CONTEXT_LENGTH_EXCEEDED');
  if (status === 408) return make('UPSTREAM_TIMEOUT', true);
  if (status === 409 || status >= 500) return make('UPSTREAM_UNAVAILABLE', true);
  return make(status >= 400 ? 'UPSTREAM_REJECTED' : 'UPSTREAM_PROTOCOL');
}

/** An error that came inside a stream that began with status 200. Its status, if any, is what the body says it would be. */
export function failureInStream(body: unknown): UpstreamFailure {
  const error = (typeof body === 'object' && body !== null ? body : {}) as ErrorBody & { status?: unknown };
  const status = [error.status, error.code].map(Number).find((number) => number >= 400 && number <= 599);
  return failureOf(status ?? STATUS_OF_TYPE[word(error.type) ?? ''] ?? 200, error);
}

/** Milliseconds, from the headers in which servers say it: milliseconds, seconds, or a date. */
export function retryAfterOf(headers: Headers): number | undefined {
  const milliseconds = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (milliseconds >= 0) return milliseconds;
  const after = headers.get('retry-after');
  if (after === null) return undefined;
  const seconds = Number(after);
  const wait = Number.isNaN(seconds) ? Date.parse(after) - Date.now() : seconds * 1000;
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

// An account without credit: asking again does not help, although the status is 429 as for "too fast".
const QUOTA = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'credit_balance_exhausted',
  'organization_spend_limit_exceeded',
  'project_spend_limit_exceeded',
]);

const STATUS_OF_TYPE: Record<string, number> = {
  server_error: 500,
  internal_server_error: 500,
  internalservererror: 500,
  rate_limit_exceeded: 429,
  rate_limit_error: 429,
  requests: 429,
  tokens: 429,
  insufficient_quota: 429,
  authentication_error: 401,
  invalid_request_error: 400,
};

function word(value: unknown): string | undefined {
  return typeof value === 'string'
    ? value.toLowerCase()
    : typeof value === 'number'
      ? String(value)
      : undefined;
}
