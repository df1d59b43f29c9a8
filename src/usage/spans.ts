import { SPANS } from './ledger.ts';

/** A range of time that whole spans of one length make up; in milliseconds since 1970, the end not included. */
export interface Piece {
  span: (typeof SPANS)[number];
  from: number;
  to: number;
}

const QUARTER_MS = 15 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * The fewest spans that make up a range of time: the longest in the middle, shorter ones towards its ends. The range
 * begins and ends at quarters of an hour, as the days of all time zones do.
 */
export function cover(from: number, to: number, level = SPANS.length - 1): Piece[] {
  if (from >= to) return [];
  const span = SPANS[level]!;
  const length = span === 0 ? QUARTER_MS : span * DAY_MS;
  const first = Math.ceil(from / length) * length;
  const last = Math.floor(to / length) * length;
  if (level === 0) return [{ span, from: first, to: last }];
  if (first >= last) return cover(from, to, level - 1);
  return [...cover(from, first, level - 1), { span, from: first, to: last }, ...cover(last, to, level - 1)];
}
