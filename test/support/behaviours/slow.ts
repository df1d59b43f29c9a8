// Servers that take too long.
import { half } from './broken.ts';
import { WAIT, streamed, type Step } from '../raw-upstream.ts';
import { ill, type Behaviour } from './pieces.ts';

export const SLOW: Behaviour[] = [
  { ...ill('no answer', () => [WAIT], 'UPSTREAM_TIMEOUT'), settings: { UPSTREAM_TIMEOUT_MS: '100' } },
  {
    ...ill('no first byte', () => [streamed([], ''), WAIT], 'UPSTREAM_TIMEOUT'),
    settings: { UPSTREAM_TIMEOUT_MS: '100' },
  },
  {
    ...ill(
      'silence in the middle',
      () => [streamed(half, ''), WAIT],
      'UPSTREAM_TIMEOUT',
      { content: 'Half' },
      { estimatedTokens: 9 },
    ),
    settings: { UPSTREAM_IDLE_TIMEOUT_MS: '100' },
  },
  {
    ...ill(
      'comments without end',
      () => [
        streamed(half, ''),
        ...Array.from({ length: 400 }, () => [{ pauseMs: 5 }, '3\r\n:.\n\r\n'] as Step[]).flat(),
      ],
      'UPSTREAM_TIMEOUT',
      { content: 'Half' },
    ),
    settings: { UPSTREAM_TOTAL_TIMEOUT_MS: '300', UPSTREAM_IDLE_TIMEOUT_MS: '10000' },
  },
];
