import { fileURLToPath } from 'node:url';

/** The program as it is in the sources. */
export const PROGRAM = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url));
