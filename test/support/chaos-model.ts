// A model that fails now and then, and remembers what it said.
import { setTimeout as delay } from 'node:timers/promises';
import type { random } from './random.ts';
import type { Script } from './upstream.ts';

/** What was said to one message, and what was reported. */
export interface Said {
  requests: number;
  text: string;
  /** By the request's id. */
  usage: Map<string, { prompt: number; completion: number }>;
}

/** @param said by the message that was answered */
export function moodyModel(said: Map<string, Said>, { between, pick }: ReturnType<typeof random>): Script {
  return async (answer, { body }) => {
    const content = body.messages.at(-1)!.content;
    const mine: Said = said.get(content) ?? { requests: 0, text: '', usage: new Map() };
    said.set(content, mine);
    mine.requests++;
    const words = Array.from({ length: between(1, 30) }, (_, index) => `${content} word ${index}. `);
    const id = `${content}/${mine.requests}`;
    if (between(0, 9) === 0) {
      return answer.status(pick([429, 500, 503]), {}, { 'retry-after-ms': '1', 'x-request-id': id });
    }
    mine.text = words.join('');
    answer.open({ 'x-request-id': id });
    const indexes = Array.from({ length: body.n ?? 1 }, (_, index) => index);
    const cut = between(0, 9) === 0 ? between(0, words.length) : Infinity;
    for (const [at, word] of words.entries()) {
      if (at >= cut) return answer.cut();
      for (const index of indexes) answer.token(word, index);
      await delay(between(0, 30));
    }
    for (const index of indexes) answer.finish('stop', index);
    if (between(0, 4) > 0) {
      const usage = { prompt: between(1, 1000), completion: between(1, 1000) };
      mine.usage.set(id, usage);
      answer.usage(usage.prompt, usage.completion);
    }
    answer.done();
  };
}
