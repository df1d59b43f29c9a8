// Streams that are well, though they may not look so.
import { RESET, streamed } from '../raw-upstream.ts';
import {
  choice,
  data,
  DONE,
  EXACT,
  finish,
  good,
  plain,
  said,
  token,
  well,
  type Behaviour,
} from './pieces.ts';

export const GRAMMAR: Behaviour[] = [
  well('a stream by the book', good, {}, EXACT),
  well(
    'no choices in the first chunk',
    [data({ choices: [], prompt_filter_results: [] }), ...good],
    {},
    EXACT,
  ),
  well('a chunk without choices', [data({ id: 'x' }), ...good]),
  well('a choice without a delta', [choice({}), ...good]),
  well('null for content', [choice({ delta: { role: 'assistant', content: null } }), ...good]),
  well('the role alone first', [choice({ delta: { role: 'assistant' } }), ...good]),
  well('an empty text first', [token(''), ...good]),
  well('a choice without an index', [
    data({ choices: [{ delta: { content: 'Hello there.' } }] }),
    finish(),
    DONE,
  ]),
  well('a choice that nobody asked for', [
    data({ choices: [{ index: 5, delta: { content: 'No.' } }] }),
    ...good,
  ]),
  well('a text that is no text', [token({ type: 'text' }), ...good]),
  well('hidden reasoning', [choice({ delta: { reasoning_content: 'Hm.' } }), ...good]),
  well(
    'a refusal',
    [choice({ delta: { refusal: 'I will ' } }), choice({ delta: { refusal: 'not.' } }), finish(), DONE],
    { content: '' },
    { refusal: 'I will not.' },
  ),
  well('finish reason length', [...good.slice(0, 2), finish('length'), DONE], { finishReason: 'LENGTH' }),
  well('finish reason content_filter', [...good.slice(0, 2), finish('content_filter'), DONE], {
    finishReason: 'CONTENT_FILTER',
  }),
  well('finish reason tool_calls', [...good.slice(0, 2), finish('tool_calls'), DONE], {
    finishReason: 'OTHER',
  }),
  well('a finish reason that nobody knows', [...good.slice(0, 2), finish('bored'), DONE], {
    finishReason: 'OTHER',
  }),
  well('no [DONE]', good.slice(0, -1), {}, EXACT),
  well('more after [DONE]', [...good, token('No.'), 'data: nonsense\n\n'], {}, EXACT),
  well(
    'comments, retry and id',
    [': a comment\n\n', 'retry: 10\nid: 7\n\n', ...good, ': bye\n\n'],
    {},
    EXACT,
  ),
  well(
    'CRLF',
    good.map((event) => event.replaceAll('\n', '\r\n')),
    {},
    EXACT,
  ),
  well(
    'CR alone',
    good.map((event) => event.replaceAll('\n', '\r')),
    {},
    EXACT,
  ),
  well(
    'no space after the colon',
    good.map((event) => event.replaceAll('data: ', 'data:')),
    {},
    EXACT,
  ),
  well('a byte order mark', [`\ufeff${good[0]}`, ...good.slice(1)], {}, EXACT),
  well('JSON over several lines', [
    `${JSON.stringify({ choices: [{ index: 0, delta: { content: 'Hello there.' } }] }, null, 1).replaceAll(/^/gm, 'data: ')}\n\n`,
    finish(),
    DONE,
  ]),
  well(
    'a name for each event',
    good.map((event) => `event: message\n${event}`),
    {},
    EXACT,
  ),
  well(
    'a last event without its end',
    [...good.slice(0, 3), `data: ${JSON.stringify({ choices: [], usage: said })}`],
    {},
    EXACT,
  ),
  well('NUL', [token('Hel\0lo'), token(' there.\0'), finish(), DONE]),
  well(
    'a character in two chunks',
    [
      'data: {"choices":[{"index":0,"delta":{"content":"\\ud83d"}}]}\n\n',
      'data: {"choices":[{"index":0,"delta":{"content":"\\ude00"}}]}\n\n',
      finish(),
      DONE,
    ],
    { content: '😀' },
  ),
  well(
    'half a character',
    ['data: {"choices":[{"index":0,"delta":{"content":"x\\ud83d"}}]}\n\n', finish(), DONE],
    { content: 'x\ufffd' },
  ),
  well('a whole answer where a stream was asked for', [], {}, EXACT),
  well('a break after the finish reason', [], {}, {}),
];
GRAMMAR.find(({ name }) => name.startsWith('a whole answer'))!.answer = plain('200 OK', {
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello there.' }, finish_reason: 'stop' }],
  usage: said,
});
GRAMMAR.find(({ name }) => name.startsWith('a break after'))!.answer = () => [
  streamed(good.slice(0, 3), ''),
  { pauseMs: 20 },
  RESET,
];
