import { stringify } from 'yaml';
import { ChartValues } from './values/chart-values.ts';

/** What the walk reads of a schema. */
export interface ValueSchema {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, ValueSchema>>;
}

const WIDTH = 110;

/** values.yaml: every value with its default, below a comment that says what it is. */
export function valuesYaml(): string {
  return [
    '# Made by `npm run generate` from packages/chart: change it there.',
    '# What may be written is in values.schema.json; Helm refuses everything else.',
    '',
    ...linesOf(ChartValues as ValueSchema, 0),
  ].join('\n');
}

function linesOf({ properties = {} }: ValueSchema, depth: number): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const indent = '  '.repeat(depth);
    const comment = wrap(schema.description ?? '', WIDTH - indent.length - 2).map(
      (line) => `${indent}# ${line}`,
    );
    const value = isSection(schema)
      ? [`${indent}${name}:`, ...linesOf(schema, depth + 1)]
      : stringify({ [name]: schema.default }, { lineWidth: 0 })
          .trimEnd()
          .split('\n')
          .map((line) => indent + line);
    return [...comment, ...value, ...(depth === 0 ? [''] : [])];
  });
}

/** Whether it groups other values; what has a default of its own is one value, such as `affinity`. */
export function isSection(schema: ValueSchema): boolean {
  return schema.properties !== undefined && schema.default === undefined;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
