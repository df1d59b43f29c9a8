import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Node gives the packages that we use one build of graphql and Vite would give our own files another; two of them in
  // one process do not know each other's types.
  ssr: { resolve: { conditions: ['module-sync', 'node'] } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/postgres.ts',
    setupFiles: 'test/support/leaks.ts',
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
