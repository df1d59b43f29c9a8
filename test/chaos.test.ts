import { it } from 'vitest';
import { Chaos } from './support/chaos.ts';

// `npm run test:crash -- --seed N --rounds 300` runs long ones.
const ROUNDS = Number(process.env['CHAOS_ROUNDS'] ?? 4);
const SEED = process.env['CHAOS_SEED'] === undefined ? undefined : Number(process.env['CHAOS_SEED']);

it(
  'sends, stops, kills, restarts and outages at random leave texts, ends and books as they must be',
  async () => {
    await using chaos = await Chaos.start(2, SEED);
    process.stdout.write(
      `${chaos.seed}: to repeat it, npm run test:crash -- --seed ${chaos.seed.split('=')[1]} --rounds ${ROUNDS}\n`,
    );
    for (let round = 1; round <= ROUNDS; round++) await chaos.round();
  },
  30_000 + ROUNDS * 20_000,
);
