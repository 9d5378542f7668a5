/** The files made from the commands: `npm run generate` writes them, and a test says when one is not up to date. */
import { cliReference } from './src/reference/cli-reference.ts';
import { configReference } from './src/reference/config-reference.ts';

/** Every generated file by its path in the repository. */
export const GENERATED_FILES: ReadonlyMap<string, () => string | Promise<string>> = new Map<
  string,
  () => string | Promise<string>
>([
  ['docs/reference/cli.md', cliReference],
  ['docs/reference/config.md', configReference],
]);
