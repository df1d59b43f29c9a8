// Streams that break, and answers that are none.
import { CLOSE, RESET, WAIT, answered, streamed } from '../raw-upstream.ts';
import { data, DONE, error, finish, ill, plain, SAYING, token, whole, type Behaviour } from './pieces.ts';

export const half = [token('Half')];
export const BROKEN: Behaviour[] = [
  ill('a page', plain('200 OK', '<html>', { 'content-type': 'text/html' }), 'UPSTREAM_PROTOCOL'),
  ill('nothing', plain('200 OK', '', { 'content-type': 'text/event-stream' }), 'UPSTREAM_PROTOCOL'),
  ill('no content at all', plain('204 No Content', ''), 'UPSTREAM_PROTOCOL'),
  ill('only [DONE]', whole([DONE]), 'UPSTREAM_PROTOCOL'),
  ill(
    'no finish reason',
    whole([...half, DONE]),
    'UPSTREAM_PROTOCOL',
    { content: 'Half' },
    { completionTokens: 1, estimatedTokens: 9 },
  ),
  ill('an event that is no JSON', whole([...half, 'data: {"choices":\n\n']), 'UPSTREAM_PROTOCOL', {
    content: 'Half',
  }),
  ill('an event that is no object', whole([...half, 'data: 7\n\n']), 'UPSTREAM_PROTOCOL', {
    content: 'Half',
  }),
  ill(
    'an error inside a stream',
    whole([...half, data(error({ type: 'server_error' }))]),
    'UPSTREAM_UNAVAILABLE',
    { content: 'Half' },
  ),
  ill(
    'an error inside a stream, before it',
    whole([data(error({ type: 'server_error' }))]),
    'UPSTREAM_UNAVAILABLE',
    { requests: 3 },
  ),
  ill('an error with a number', whole([...half, data(error({ code: 429 }))]), 'UPSTREAM_RATE_LIMIT', {
    content: 'Half',
  }),
  ill(
    'an error about credit inside a stream',
    whole([data(error({ type: 'insufficient_quota' }))]),
    'UPSTREAM_QUOTA',
  ),
  ill('an error that nobody knows', whole([...half, data({ error: SAYING })]), 'UPSTREAM_PROTOCOL', {
    content: 'Half',
  }),
  ill(
    'an event that is named error',
    whole([...half, `event: error\n${data({ message: SAYING })}`]),
    'UPSTREAM_PROTOCOL',
    { content: 'Half' },
  ),
  ill(
    'an error as a field',
    whole([...half, `error: ${JSON.stringify(error({}))}\n\n`]),
    'UPSTREAM_PROTOCOL',
    { content: 'Half' },
  ),
  ill(
    'an error with status 200',
    plain('200 OK', error({ code: 'invalid_api_key', type: 'authentication_error' })),
    'UPSTREAM_AUTH',
  ),
  ill('an answer without choices', plain('200 OK', { object: 'list' }), 'UPSTREAM_PROTOCOL'),
  ill('an answer that is no JSON', plain('200 OK', '{'), 'UPSTREAM_PROTOCOL'),
  {
    ...ill(
      'an event without an end',
      () => [streamed([`data: "${'x'.repeat(100_000)}`], ''), WAIT],
      'UPSTREAM_PROTOCOL',
    ),
    settings: { MAX_REPLY_LENGTH: '100' },
  },
  {
    ...ill(
      'an answer without an end',
      () => [answered('200 OK', { 'content-type': 'application/json' }, `"${'x'.repeat(100_000)}`), WAIT],
      'UPSTREAM_PROTOCOL',
    ),
    settings: { MAX_REPLY_LENGTH: '100' },
  },
  {
    ...ill(
      'a reply that is too long',
      whole([token('12345678'), token('12345678'), finish(), DONE]),
      'UPSTREAM_PROTOCOL',
      { content: '1234567812' },
    ),
    settings: { MAX_REPLY_LENGTH: '10' },
  },
  {
    ...ill(
      'a reply that is too long in the middle of a character',
      whole([token('123456789😀'), finish(), DONE]),
      'UPSTREAM_PROTOCOL',
      { content: '123456789' },
    ),
    settings: { MAX_REPLY_LENGTH: '10' },
  },
  ill(
    'a break after a token',
    () => [streamed(half, ''), { pauseMs: 20 }, RESET],
    'UPSTREAM_PROTOCOL',
    { content: 'Half' },
    { estimatedTokens: 9 },
  ),
  ill('an end in the middle of a chunk', () => [streamed(half, 'ff\r\ndata: '), CLOSE], 'UPSTREAM_PROTOCOL', {
    content: 'Half',
  }),
  ill('a chunk of no size', () => [streamed(half, 'zz\r\n'), CLOSE], 'UPSTREAM_PROTOCOL', {
    content: 'Half',
  }),
  ill('a break before the answer', () => [RESET], 'UPSTREAM_UNAVAILABLE', { requests: 3 }),
  ill('an end before the answer', () => [CLOSE], 'UPSTREAM_UNAVAILABLE', { requests: 3 }),
  ill(
    'a break before the first token',
    () => [streamed([], ''), { pauseMs: 20 }, RESET],
    'UPSTREAM_PROTOCOL',
    { requests: 3 },
  ),
  ill('what is not HTTP', () => ['SSH-2.0-OpenSSH\r\n', CLOSE], 'UPSTREAM_UNAVAILABLE', { requests: 3 }),
];
