import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['packages/*/src/**/*.test.ts', 'packages/tooling/*.test.ts', 'test/**/*.test.ts'],
    // They need an API server (vitest.cluster.config.ts) or a cluster (vitest.e2e.config.ts).
    exclude: [...configDefaults.exclude, '**/*.cluster.test.ts', 'test/cluster/**', 'test/e2e/**'],
    // Limits against hanging. Whatever is waited for has a shorter deadline of its own, with a message.
    testTimeout: 120_000,
    hookTimeout: 180_000, // some build the program first
    silent: 'passed-only',
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/testing.ts', '**/testing/**'],
      reporter: ['text-summary', 'html'],
      thresholds: { lines: 85, branches: 80 },
    },
  },
});
