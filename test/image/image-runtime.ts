import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFinalStage } from './final-stage.ts';

/** How the image runs Node.js. */
export interface ImageRuntime {
  /** Arguments before the program. */
  readonly nodeFlags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Reads from the Dockerfile how the program is run in production, so that it is measured as it is used. */
export function readImageRuntime(): ImageRuntime {
  const dockerfile = join(import.meta.dirname, '../../packages/cli/Dockerfile');
  const { Entrypoint = [], Env = [] } = readFinalStage(readFileSync(dockerfile, 'utf8')).config;
  const env = Object.fromEntries(
    Env.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  return { nodeFlags: Entrypoint.slice(1, -1), env };
}
