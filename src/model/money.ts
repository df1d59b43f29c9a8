// Exact decimal numbers, as strings outside and whole numbers of a tiny unit inside: a price of $0.075 for a million
// tokens times 7 tokens is no number that a float holds.

const SCALE = 18;
const UNIT = 10n ** BigInt(SCALE);

/** @param decimal for instance "0.075", with at most 18 places. */
export function parseDecimal(decimal: string): bigint {
  const [whole = '', fraction = ''] = decimal.split('.');
  return BigInt(whole) * UNIT + BigInt(fraction.padEnd(SCALE, '0'));
}

/** The shortest way to write it: "0.075", "12", "0". */
export function formatDecimal(units: bigint): string {
  const fraction = String(units % UNIT)
    .padStart(SCALE, '0')
    .replace(/0+$/, '');
  return fraction === '' ? String(units / UNIT) : `${units / UNIT}.${fraction}`;
}

/** What so many tokens cost in US dollars. @param price for a million of them, with at most 12 places. */
export function costOf(count: number, price: string): bigint {
  return (BigInt(count) * parseDecimal(price)) / 1_000_000n;
}
