// npm run test:crash -- --seed N --rounds 300
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, rounds: { type: 'string', default: '300' } },
});
const { status } = spawnSync('vitest', ['run', 'test/chaos.test.ts'], {
  stdio: 'inherit',
  env: { ...process.env, CHAOS_ROUNDS: values.rounds, ...(values.seed ? { CHAOS_SEED: values.seed } : {}) },
});
process.exitCode = status ?? 1;
