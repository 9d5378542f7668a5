import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: 'test/e2e/global-setup.ts',
    // They share one cluster, in which policies act on everything: one file at a time.
    fileParallelism: false,
    // Limits against hanging. Whatever is waited for has a deadline of its own, with a message.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    teardownTimeout: 60_000,
    silent: 'passed-only',
  },
});
