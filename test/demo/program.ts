/** The program as it is shipped: one file. `npm run demo` builds it first. */
export const PROGRAM = new URL('../../packages/cli/dist/checkpoint-warden.mjs', import.meta.url).pathname;
