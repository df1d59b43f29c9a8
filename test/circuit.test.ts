import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { waitBeforeRetry } from '../src/chat/retry.ts';
import { Circuit } from '../src/model/circuit.ts';
import { retryAfterOf, UpstreamFailure } from '../src/model/upstream-failure.ts';
import { SEND } from './support/client.ts';
import { startServer } from './support/server.ts';
import { says, Upstream } from './support/upstream.ts';

const refused = new UpstreamFailure('UPSTREAM_AUTH', { refused: true });

/** A circuit that has just opened, at time 0. */
function opened(): Circuit {
  const circuit = new Circuit();
  for (let request = 0; request < 3; request++) circuit.failed(refused, circuit.begin(), 0);
  return circuit;
}

describe('a circuit', () => {
  it('opens when the key is refused again and again, and lets one probe through at a time', () => {
    const circuit = opened();
    expect(circuit.refusal(999)?.code).toBe('UPSTREAM_AUTH');
    expect(circuit.refusal(1000)).toBeUndefined();
    const isProbe = circuit.begin();
    expect(isProbe).toBe(true);
    expect(circuit.refusal(1000)?.code).toBe('UPSTREAM_AUTH');
    circuit.failed(refused, isProbe, 1000);
    // Twice the pause.
    expect(circuit.refusal(2999)).toBeDefined();
    expect(circuit.refusal(3000)).toBeUndefined();
    circuit.begin();
    circuit.accepted();
    expect(circuit.refusal(3000)).toBeUndefined();
    expect(circuit.begin()).toBe(false);
  });

  it('does not count what is not about the key, nor what began before it opened', () => {
    const circuit = new Circuit();
    for (let request = 0; request < 10; request++)
      circuit.failed(new UpstreamFailure('UPSTREAM_UNAVAILABLE'), circuit.begin(), 0);
    expect(circuit.refusal(0)).toBeUndefined();
    const late = opened();
    for (let request = 0; request < 10; request++) late.failed(refused, false, 0);
    expect(late.refusal(1000)).toBeUndefined();
  });

  it('keeps an account without credit from being asked, with the same code, until a probe finds credit', async () => {
    await using upstream = await Upstream.start();
    await using server = await startServer({ settings: { OPENAI_BASE_URL: upstream.url } });
    upstream.always((answer) => answer.status(429, { error: { type: 'insufficient_quota' } }));
    const send = async () =>
      (await server.get(SEND, { input: { content: 'Hello', stream: false } })).sendMessage.reply;
    for (let sends = 0; sends < 10; sends++)
      expect(await send()).toMatchObject({ status: 'FAILED', error: { code: 'UPSTREAM_QUOTA' } });
    expect(upstream.requests.length).toBeLessThan(6);
    expect((await server.get('{ usage { totals { requests } } }')).usage.totals.requests).toBe(
      upstream.requests.length,
    );
    upstream.always(says('Paid.'));
    while ((await send()).status !== 'COMPLETE') await delay(50);
    expect(await send()).toMatchObject({ content: 'Paid.' });
  });
});

describe('the wait before a request is made again', () => {
  const settings = { UPSTREAM_MAX_RETRIES: 5 };
  const failure = (retryAfterMs?: number) =>
    new UpstreamFailure('UPSTREAM_UNAVAILABLE', { again: true, retryAfterMs });

  it('doubles, with up to a half taken off at random, and never beyond 8 s', () => {
    for (const [retries, longest] of [500, 1000, 2000, 4000, 8000].entries()) {
      const waits = Array.from({ length: 200 }, () => waitBeforeRetry(failure(), retries, settings)!);
      expect(Math.max(...waits)).toBeLessThanOrEqual(longest);
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(longest / 2);
      expect(new Set(waits).size).toBeGreaterThan(100);
    }
    expect(waitBeforeRetry(failure(), 5, settings)).toBeUndefined();
  });

  it('is what the API asked for, up to 30 s', () => {
    expect(waitBeforeRetry(failure(1234), 0, settings)).toBe(1234);
    expect(waitBeforeRetry(failure(30_000), 0, settings)).toBe(30_000);
    expect(waitBeforeRetry(failure(30_001), 0, settings)).toBeUndefined();
  });

  it('is read from three forms of headers', () => {
    expect(retryAfterOf(new Headers({ 'retry-after-ms': '250', 'retry-after': '9' }))).toBe(250);
    expect(retryAfterOf(new Headers({ 'retry-after': '2' }))).toBe(2000);
    const inTen = retryAfterOf(new Headers({ 'retry-after': new Date(Date.now() + 10_000).toUTCString() }))!;
    expect(inTen).toBeGreaterThan(8000);
    expect(inTen).toBeLessThanOrEqual(10_000);
    for (const nonsense of ['soon', '-', 'NaN'])
      expect(retryAfterOf(new Headers({ 'retry-after': nonsense }))).toBeUndefined();
    expect(retryAfterOf(new Headers())).toBeUndefined();
  });
});
