// Answers with a status that is not 200, and what is asked again.
import { RESET, streamed } from '../raw-upstream.ts';
import { atFirst, error, EXACT, plain, soon, status, COMPLETE, SAYING, type Behaviour } from './pieces.ts';

export const STATUS: Behaviour[] = [
  status('400 Bad Request', 'UPSTREAM_REJECTED'),
  status('400 Too Long', 'CONTEXT_LENGTH_EXCEEDED', error({ code: 'context_length_exceeded' })),
  status('401 Unauthorized', 'UPSTREAM_AUTH', error({ code: 'invalid_api_key' })),
  status('402 Payment Required', 'UPSTREAM_QUOTA'),
  status('403 Forbidden', 'UPSTREAM_AUTH', error({ code: 'unsupported_country_region_territory' })),
  status('404 Not Found', 'UPSTREAM_REJECTED', error({ code: 'model_not_found' })),
  status('405 Method Not Allowed', 'UPSTREAM_REJECTED', ''),
  status('408 Request Timeout', 'UPSTREAM_TIMEOUT', error({}), { requests: 3 }, soon),
  status('409 Conflict', 'UPSTREAM_UNAVAILABLE', error({}), { requests: 3 }, soon),
  status('413 Content Too Large', 'UPSTREAM_REJECTED', '<html>'),
  status('422 Unprocessable', 'UPSTREAM_REJECTED'),
  status(
    '429 Too Many Requests',
    'UPSTREAM_RATE_LIMIT',
    error({ code: 'rate_limit_exceeded', type: 'requests' }),
    { requests: 3 },
    soon,
  ),
  status(
    '429 Slow Down',
    'UPSTREAM_RATE_LIMIT',
    error({}),
    { requests: 3, retryAfter: 0 },
    { 'retry-after': '0' },
  ),
  status(
    '429 Later',
    'UPSTREAM_RATE_LIMIT',
    error({}),
    { requests: 3 },
    { 'retry-after': 'Tue, 24 Nov 2020 00:00:00 GMT' },
  ),
  status('429 Much Later', 'UPSTREAM_RATE_LIMIT', error({}), { retryAfter: 31 }, { 'retry-after': '31' }),
  ...[
    'insufficient_quota',
    'credit_balance_exhausted',
    'organization_spend_limit_exceeded',
    'project_spend_limit_exceeded',
  ].map((code) => status(`429 ${code}`, 'UPSTREAM_QUOTA', error({ code, type: 'insufficient_quota' }))),
  status(
    '500 Internal Server Error',
    'UPSTREAM_UNAVAILABLE',
    error({ type: 'server_error' }),
    { requests: 3 },
    soon,
  ),
  status('502 Bad Gateway', 'UPSTREAM_UNAVAILABLE', `<html>${SAYING}</html>`, { requests: 3 }, soon),
  status('503 Service Unavailable', 'UPSTREAM_UNAVAILABLE', '', { requests: 3 }, soon),
  status('529 Overloaded', 'UPSTREAM_UNAVAILABLE', error({ code: 529 }), { requests: 3 }, soon),
  ...['301', '302', '307', '308'].map((code) =>
    status(`${code} Elsewhere`, 'UPSTREAM_PROTOCOL', '', {}, { location: 'http://127.0.0.1:9/' }),
  ),
  {
    name: 'a failure, and then well',
    answer: atFirst(2, plain('503 Busy', '', soon)),
    ends: { ...COMPLETE, requests: 3 },
    books: EXACT,
  },
  {
    name: 'a break, and then well',
    answer: atFirst(1, () => [streamed([], ''), { pauseMs: 20 }, RESET]),
    ends: { ...COMPLETE, requests: 2 },
  },
  {
    name: 'a refusal of stream_options',
    answer: atFirst(1, plain('400 Bad Request', error({ param: 'stream_options' }))),
    ends: { ...COMPLETE, requests: 2 },
    books: EXACT,
  },
  {
    name: 'a refusal of stream_options in words',
    answer: atFirst(1, plain('422 Unprocessable', { detail: 'extra fields not permitted: stream_options' })),
    ends: { ...COMPLETE, requests: 2 },
    books: EXACT,
  },
  {
    name: 'a refusal of streams',
    answer: atFirst(1, plain('400 Bad Request', error({ param: 'stream', code: 'unsupported_value' }))),
    ends: { ...COMPLETE, requests: 2 },
  },
];
