/** Numbers that look random and come again with the same seed. A failure names it: TEST_SEED repeats the run. */
export function random(seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000)) {
  let state = seed;
  // mulberry32, by Tommy Ettinger, in the public domain.
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    seed: `TEST_SEED=${seed}`,
    next,
    /** A whole number, both ends included. */
    between,
    pick: <T>(values: readonly T[]): T => values[between(0, values.length - 1)]!,
  };
}

/** Characters of every kind that matters: one to four bytes, two code units, halves of those, combining, control. */
export const alphabet = [
  'a',
  'Z',
  ' ',
  '\n',
  '\0',
  'é',
  'ß',
  'я',
  '가',
  '東',
  '\u0301',
  '\u200d',
  '\u202e',
  '😀',
  '👍🏽',
  '\ud800',
  '\udfff',
  '𝄞',
  '"',
  '\\',
  '\u2028',
];
