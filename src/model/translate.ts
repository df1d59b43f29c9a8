import { APIError } from 'openai';
import type { Feature } from './parameters.ts';
import { failureOf, retryAfterOf, UpstreamFailure } from './upstream-failure.ts';

/** The SDK's errors in our words. Its messages stay here: they hold what the API said, and parts of keys. */
export function translate(error: unknown, withoutIt: boolean): UpstreamFailure {
  if (error instanceof APIError && error.status !== undefined) {
    const { status, code, type, requestID: requestId, headers } = error as APIError<number, Headers>;
    return failureOf(
      status,
      { code, type },
      { refused: true, retryAfterMs: retryAfterOf(headers), requestId, withoutIt },
    );
  }
  const refused = NOT_CONNECTED.test(errnoOf(error) ?? '');
  return new UpstreamFailure('UPSTREAM_UNAVAILABLE', { again: true, refused, cause: error });
}

/** Which of our wishes the server does not know, where that is what its error is about. */
export function refusedFeature(error: unknown, lacks: ReadonlySet<Feature>): Feature | undefined {
  if (!(error instanceof APIError) || (error.status !== 400 && error.status !== 422)) return undefined;
  const { param, message } = error;
  // Some say it in words only; nobody else has this word.
  if (!lacks.has('stream_options') && /stream_options|include_usage/.test(param ?? message))
    return 'stream_options';
  return !lacks.has('stream') && param === 'stream' ? 'stream' : undefined;
}

const NOT_CONNECTED = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;

/** The operating system's word for what the SDK has wrapped. */
function errnoOf(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: string; cause?: unknown };
  return code ?? (cause === undefined ? undefined : errnoOf(cause));
}
