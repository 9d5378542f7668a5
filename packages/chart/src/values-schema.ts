import { ChartValues } from './values/chart-values.ts';

/** Keys that Helm or a parent chart puts beside ours. */
const FROM_PARENTS = {
  global: { type: 'object', description: 'Values that a parent chart shares. Nothing here looks at them.' },
  enabled: {
    type: 'boolean',
    description: 'For the `condition` of a parent chart that has this one as a dependency.',
  },
};

/**
 * values.schema.json, which Helm checks values with before it does anything.
 *
 * Nothing is required: a value that is set to `null` is a value that is left out.
 */
export function valuesSchema(): string {
  const schema = plain(ChartValues);
  const document = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: 'Made by `npm run generate` from packages/chart: change it there.',
    title: 'Values of the checkpoint-warden chart',
    ...schema,
    properties: { ...(schema.properties as object), ...FROM_PARENTS },
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** A schema of TypeBox as JSON Schema has it. */
function plain(schema: object): Record<string, unknown> {
  const copy = JSON.parse(JSON.stringify(schema)) as Record<string, unknown>;
  dropRequired(copy, true);
  return copy;
}

/** TypeBox requires what is not optional. Values have defaults; only fields inside of Kubernetes objects are required. */
function dropRequired(schema: Record<string, unknown>, isSection: boolean): void {
  if (isSection) delete schema.required;
  for (const child of Object.values((schema.properties ?? {}) as Record<string, Record<string, unknown>>)) {
    if (child.properties !== undefined && child.default === undefined) dropRequired(child, true);
  }
}
