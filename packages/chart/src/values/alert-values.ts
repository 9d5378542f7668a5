import { readFileSync } from 'node:fs';
import { type TSchema, Type } from 'typebox';
import { parse } from 'yaml';

const ALERTS_FILE = new URL('../../../../charts/checkpoint-warden/files/alerts.yaml', import.meta.url);
const PREFIX = 'CheckpointWarden';
/** As Prometheus has them: no fractions. */
const PROMETHEUS_DURATION = '^(0|([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$';

/** What can be changed of each alert: by its name without the prefix, so that a name that is no alert is refused. */
export function alertValues(): TSchema {
  const { groups }: { groups: { rules: { alert: string; expr: string }[] }[] } = parse(
    readFileSync(ALERTS_FILE, 'utf8'),
  );
  const alerts = groups.flatMap(({ rules }) => rules);
  const closed = (properties: Record<string, TSchema>): TSchema => {
    const optional = Object.entries(properties).map(([name, schema]) => [name, Type.Optional(schema)]);
    return Type.Object(Object.fromEntries(optional), { additionalProperties: false });
  };
  const changes = alerts.map(({ alert, expr }) => {
    const thresholds = [...expr.matchAll(/[\d.]+ # (\w+)$/gm)].map(([, name]) => [
      name,
      Type.Number({ minimum: 0 }),
    ]);
    const change = closed({
      enabled: Type.Boolean(),
      for: Type.String({ pattern: PROMETHEUS_DURATION, minLength: 1 }),
      severity: Type.String({ minLength: 1 }),
      labels: Type.Unsafe({ type: 'object', additionalProperties: { type: 'string' } }),
      ...(thresholds.length === 0 ? {} : { thresholds: closed(Object.fromEntries(thresholds)) }),
    });
    return [alert.slice(PREFIX.length), change];
  });
  return Type.Unsafe({
    ...closed(Object.fromEntries(changes)),
    description:
      'What to change of single alerts, by name: `enabled`, `for`, `severity`, further `labels`, `thresholds`. Names and thresholds: docs/reference/alerts.md.',
    default: {},
  });
}
