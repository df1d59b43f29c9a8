import { answered, CLOSE, streamed, type Step } from '../raw-upstream.ts';

/** What must not be seen anywhere: the key, and what the API says of it. */
export const KEY = 'sk-canary-0123456789';
export const SAYING = 'upstream says: no';

export interface Behaviour {
  name: string;
  answer: (request: number) => Step[];
  settings?: Record<string, string>;
  ends: {
    status: string;
    code?: string;
    content?: string;
    finishReason?: string;
    requests?: number;
    retryAfter?: number;
  };
  /** What the books say, where it is worth looking at. */
  books?: Record<string, unknown>;
}

// ── Pieces of a stream ───────────────────────────────────────────────────────────────────────────────────────────────

export const data = (value: unknown) =>
  `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;
export const choice = (fields: object) => data({ choices: [{ index: 0, ...fields }] });
export const token = (content: unknown) => choice({ delta: { content } });
export const finish = (reason = 'stop') => choice({ delta: {}, finish_reason: reason });
export const usage = (fields: object) => data({ choices: [], usage: fields });
export const DONE = 'data: [DONE]\n\n';
export const said = { prompt_tokens: 100, completion_tokens: 7 };
export const error = (fields: object) => ({
  error: { message: `${SAYING} ${KEY}`, type: 'invalid_request_error', param: null, code: null, ...fields },
});

export const whole = (events: string[]) => () => [streamed(events), CLOSE] as Step[];
export const plain =
  (status: string, body: unknown, headers: Record<string, string> = {}) =>
  () =>
    [
      answered(
        status,
        { 'content-type': 'application/json', ...headers },
        typeof body === 'string' ? body : JSON.stringify(body),
      ),
      CLOSE,
    ] as Step[];
/** The first requests are answered so, the others well. */
export const atFirst = (times: number, answer: () => Step[]) => (request: number) =>
  request < times ? answer() : whole(good)();

export const good = [token('Hello'), token(' there.'), finish(), usage(said), DONE];
export const COMPLETE = { status: 'COMPLETE', content: 'Hello there.', finishReason: 'STOP' };
export const EXACT = { promptTokens: 100, completionTokens: 7, estimatedTokens: 0 };
export const failed = (code: string, more: object = {}) => ({ status: 'FAILED', code, ...more });
export const soon = { 'retry-after-ms': '1' };

/** A row of a stream that is well, though it may not look so. */
export const well = (name: string, events: string[], ends: object = {}, books: object = {}): Behaviour => ({
  name,
  answer: whole(events),
  ends: { ...COMPLETE, ...ends },
  books: { ...books },
});
export const ill = (
  name: string,
  answer: Behaviour['answer'],
  code: string,
  more: object = {},
  books: object = {},
): Behaviour => ({
  name,
  answer,
  ends: failed(code, more),
  books: { ...books },
});
export const status = (
  line: string,
  code: string,
  body: unknown = error({}),
  more: object = {},
  headers: Record<string, string> = {},
) =>
  ill(`status ${line}${Object.keys(headers).join(' ')}`, plain(line, body, headers), code, more, {
    estimatedTokens: 0,
  });
