import type { Settings } from '../config.ts';
import type { UpstreamFailure } from '../model/upstream-failure.ts';

// Milliseconds.
const FIRST_WAIT = 500;
const LONGEST_WAIT = 8_000;
// Who asks for more patience than this gets none: the user is told how long to wait instead.
const LONGEST_RETRY_AFTER = 30_000;

/**
 * How long to wait until the request is made once more, in milliseconds: what the API asked for, else twice as long each
 * time, with up to a half taken off at random so that many do not come back at once.
 * @param attempts how many requests were made.
 * @returns undefined where it should not be made again.
 */
export function waitBeforeRetry(
  { again, retryAfterMs }: UpstreamFailure,
  attempts: number,
  { UPSTREAM_MAX_RETRIES }: Pick<Settings, 'UPSTREAM_MAX_RETRIES'>,
): number | undefined {
  if (!again || attempts > UPSTREAM_MAX_RETRIES) return undefined;
  if (retryAfterMs !== undefined) return retryAfterMs <= LONGEST_RETRY_AFTER ? retryAfterMs : undefined;
  return Math.min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT) * (1 - Math.random() / 2);
}
