// A test that leaves something alive fails, and not the one that comes after it.
import { afterEach, expect } from 'vitest';

const alive = new Set<string>();

/** Notes that something was started. @returns what is called when it has ended. */
export function started(name: string): () => void {
  const entry = `${name} (${expect.getState().currentTestName ?? 'outside of a test'})`;
  alive.add(entry);
  return () => alive.delete(entry);
}

afterEach(() => {
  const left = [...alive];
  alive.clear();
  expect(left, 'left alive').toEqual([]);
});
