import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['packages/*/src/**/*.cluster.test.ts', 'test/cluster/**/*.test.ts'],
    globalSetup: 'test/cluster/global-setup.ts',
    // They share one API server, where policies act on the whole cluster: one file at a time.
    fileParallelism: false,
    // Limits against hanging. Whatever is waited for has a deadline of its own, with a message.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    silent: 'passed-only',
  },
});
