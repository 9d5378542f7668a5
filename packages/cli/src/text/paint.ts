import { styleText } from 'node:util';
import type { CliIo, Output } from '../cli-io.ts';

type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green';

/** Gives text a style, or leaves it as it is where no person would see it. */
export type Paint = (style: Style, text: string) => string;

/** Colour only on a terminal that has it, and never against NO_COLOR (https://no-color.org). */
export function paintFor(output: Output, env: CliIo['env']): Paint {
  if (!hasColor(output, env)) return (_, text) => text;
  return (style, text) => styleText(style, text, { validateStream: false });
}

export function hasColor(output: Output, env: CliIo['env']): boolean {
  return output.isTerminal && !env.NO_COLOR && env.TERM !== 'dumb';
}
