import { describe, expect, it } from 'vitest';
import { titleOf } from '../src/chat/title.ts';
import { GrowingText, MAX_CHUNK_BYTES } from '../src/live/growing-text.ts';
import { formatDecimal, parseDecimal } from '../src/model/money.ts';
import { priced } from '../src/model/prices.ts';
import { countTokens } from '../src/model/tokens.ts';
import { TextMender } from '../src/text.ts';
import { cover } from '../src/usage/spans.ts';
import { alphabet, random } from './support/random.ts';

describe('a text that was cut into pieces', () => {
  it('is whole again, without NUL and halves of characters, however it was cut', () => {
    const { pick, between, seed } = random();
    for (let round = 0; round < 300; round++) {
      const text = Array.from({ length: between(0, 30) }, () => pick(alphabet)).join('');
      const mender = new TextMender();
      let mended = '';
      for (let at = 0; at < text.length;) {
        const end = at + between(1, 3);
        mended += mender.next(text.slice(at, end));
        expect(mended.isWellFormed(), seed).toBe(true);
        at = end;
      }
      expect(mended + mender.end(), seed).toBe(text.replaceAll('\0', '').toWellFormed());
    }
  });
});

describe('a growing text', () => {
  it('reads on from any offset in chunks that are bounded and split no character', () => {
    const { pick, between, seed } = random();
    const text = new GrowingText();
    let whole = '';
    for (let piece = 0; piece < 200; piece++) {
      const next = Array.from({ length: between(0, 700) }, () => pick(alphabet))
        .join('')
        .replaceAll('\0', '')
        .toWellFormed();
      text.append(next);
      whole += next;
    }
    expect(text.toString(), seed).toBe(whole);
    for (let round = 0; round < 300; round++) {
      const from = between(0, whole.length + 5);
      const chunk = text.chunk(from);
      expect(chunk.text.isWellFormed(), seed).toBe(true);
      expect(Buffer.byteLength(chunk.text), seed).toBeLessThanOrEqual(MAX_CHUNK_BYTES);
      expect(whole.startsWith(chunk.text, chunk.offset), seed).toBe(true);
      expect(from - chunk.offset, seed).toBeLessThanOrEqual(1);
      if (from < whole.length) expect(chunk.offset + chunk.text.length, seed).toBeGreaterThan(from);
    }
  });
});

describe('a title', () => {
  it.each([
    ['How do I sort a list? I have tried everything.', 'How do I sort a list?'],
    ['  spaces\n and lines  ', 'spaces and lines'],
    ['안녕하세요. 번역을 부탁드려요.', '안녕하세요.'],
    ['東京都の天気を教えてください。お願いします。', '東京都の天気を教えてください。'],
    [
      'one two three four five six seven eight nine ten eleven twelve thirteen',
      'one two three four five six seven eight nine ten eleven…',
    ],
    ['x'.repeat(100), `${'x'.repeat(59)}…`],
    ['👨‍👩‍👧‍👦'.repeat(70), `${'👨‍👩‍👧‍👦'.repeat(59)}…`],
    [' ', 'New conversation'],
  ])('of %j is %j', (text, title) => {
    expect(titleOf(text)).toBe(title);
  });
});

describe('money', () => {
  it('is exact', () => {
    expect(formatDecimal(parseDecimal('0.1') + parseDecimal('0.2'))).toBe('0.3');
    const price = { prompt: '0.075', cached: '0.000000000001', completion: '1234.5' };
    const usage = { promptTokens: 8, cachedTokens: 1, completionTokens: 3, reasoningTokens: 2 };
    expect(priced(usage, price)).toBe('0.003704025000000001'.slice(0, 20));
  });
});

describe('counting tokens', () => {
  it('takes what looks like a special token for text, and a run of one letter in linear time', async () => {
    expect(await countTokens('<|endoftext|>')).toBeGreaterThan(1);
    expect(await countTokens('a'.repeat(100_000))).toBeGreaterThan(10_000);
    expect(await countTokens('Hello, world!')).toBe(4);
    expect(await countTokens('')).toBe(0);
  });
});

describe('spans of time', () => {
  it('cover a range without gap or overlap, by few of them', () => {
    const { between, seed } = random();
    const quarter = 15 * 60_000;
    for (let round = 0; round < 300; round++) {
      const from = between(1_900_000, 2_000_000) * quarter;
      const to = from + between(1, 96 * 400) * quarter;
      const pieces = cover(from, to);
      expect(pieces[0]!.from, seed).toBe(from);
      expect(pieces.at(-1)!.to, seed).toBe(to);
      pieces.forEach((piece, index) => {
        const length = piece.span === 0 ? quarter : piece.span * 96 * quarter;
        expect([piece.from % length, piece.to % length], seed).toEqual([0, 0]);
        if (index > 0) expect(piece.from, seed).toBe(pieces[index - 1]!.to);
      });
      expect(pieces.length, seed).toBeLessThanOrEqual(9);
    }
  });
});
