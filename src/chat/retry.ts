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
 * @param retries how often it was made again already.
 * @returns undefined where it should not be made again.
 */
export function waitBeforeRetry(
  { again, withoutIt, retryAfterMs }: UpstreamFailure,
  retries: number,
  { UPSTREAM_MAX_RETRIES }: Pick<Settings, 'UPSTREAM_MAX_RETRIES'>,
): number | undefined {
  if (withoutIt) return 0; // Another request, which may well be taken.
  if (!again || retries >= UPSTREAM_MAX_RETRIES) return undefined;
  if (retryAfterMs !== undefined) return retryAfterMs <= LONGEST_RETRY_AFTER ? retryAfterMs : undefined;
  return Math.min(FIRST_WAIT * 2 ** retries, LONGEST_WAIT) * (1 - Math.random() / 2);
}
