import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const files = globSync(['src/**/*.ts', 'schema/**/*.ts'], { cwd: ROOT });
const sources = new Map(files.map((file) => [normalize(file), readFileSync(join(ROOT, file), 'utf8')]));

/** The floors of the house, from the top down: a file may import from its own floor and from those below. */
const FLOORS = [
  ['src/main.ts', 'src/welcome.ts'],
  ['src/server'],
  ['schema'],
  ['src/app.ts'],
  ['src/chat'],
  ['src/live'],
  ['src/usage'],
  ['src/model'],
  ['src/db'],
  // What every floor may know.
  [
    'src/log.ts',
    'src/failure.ts',
    'src/ids.ts',
    'src/page.ts',
    'src/text.ts',
    'src/viewer.ts',
    'src/config.ts',
  ],
];
const COMMON = FLOORS.length - 1;

function floorOf(file: string): number {
  return FLOORS.findIndex((rooms) => rooms.some((room) => file === room || file.startsWith(`${room}/`)));
}

/** Imports that stay after type stripping; types may be named from anywhere. */
function importsOf(file: string): string[] {
  return [
    ...sources
      .get(file)!
      .matchAll(
        /^(?:import|export) (?!type)[^;]*?from '([^']+)';|^import '([^']+)';|\bimport\('([^']+)'\)/gm,
      ),
  ].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

describe('the layout', () => {
  it('gives every file a place', () => {
    expect(files.filter((file) => floorOf(normalize(file)) < 0 && !file.startsWith('src/cli/'))).toEqual([]);
  });

  it('has imports that go downwards only', () => {
    const upwards: string[] = [];
    for (const file of sources.keys()) {
      if (file.startsWith('src/cli/')) continue;
      for (const name of importsOf(file).filter((from) => from.startsWith('.'))) {
        const target = normalize(join(dirname(file), name));
        // What every floor may know stands apart: it may know the floors that its types come from.
        const from = floorOf(file);
        if (floorOf(target) < from && from !== COMMON) upwards.push(`${file} → ${target}`);
      }
    }
    expect(upwards).toEqual([]);
  });

  it.each([
    ['drizzle-orm', ['src/db', 'src/chat', 'src/usage', 'src/log.ts']],
    ['postgres', ['src/db', 'src/log.ts']],
    ['openai', ['src/model']],
    ['ws', ['src/server', 'src/cli']],
    ['graphql', ['src/server', 'schema']],
    ['graphql-yoga', ['src/server']],
    ['@pothos/core', ['schema']],
    ['@electric-sql/pglite', ['src/db']],
  ])('keeps %s to where it belongs', (library, rooms) => {
    const outside = [...sources.keys()].filter(
      (file) =>
        importsOf(file).some((name) => name === library || name.startsWith(`${library}/`)) &&
        !rooms.some((room) => file === room || file.startsWith(`${room}/`)),
    );
    expect(outside).toEqual([]);
  });

  it('has no file of more than 250 lines', () => {
    const long = [...sources].filter(([, text]) => text.split('\n').length > 251).map(([file]) => file);
    expect(long).toEqual([]);
  });
});
