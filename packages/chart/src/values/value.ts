import type { SettingSchema } from '@checkpoint-warden/kit/settings';
import { DURATION_PATTERN, MAX_DURATION_LENGTH } from '@checkpoint-warden/policy';
import { type TProperties, type TSchema, Type } from 'typebox';

/** A value and what values.yaml says about it. */
type ValueOptions<T> = {
  /** For people: sentences. The comment in values.yaml, the description in the schema and in the README. */
  readonly description: string;
  readonly default: T;
};

/** Lower-case names as Kubernetes has them (RFC 1123). */
const NAME_PATTERN = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
/** Names of Secrets, accounts and classes: with dots between. */
const DOTTED_NAME_PATTERN = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
/** An absolute path below the root, without `..` (Kubernetes refuses that) and colons. */
const PATH_PATTERN = '^(/([^/:.]|\\.[^/:.]|\\.\\.[^/:])[^/:]*)+$';
/** Durations of cert-manager, which are Go's: no days. */
const GO_DURATION_PATTERN = '^([0-9]+h)?([0-9]+m)?([0-9]+s)?$';

/** Makes the values of the chart, to be put into a {@link section}. Patterns are for Go's RE2, which Helm checks with. */
export const Value = {
  /** A group of values. */
  section: <P extends TProperties>(description: string, properties: P) =>
    Type.Object(properties, { description, additionalProperties: false }),
  flag: (options: ValueOptions<boolean>) => Type.Boolean(options),
  text: (options: ValueOptions<string> & { pattern?: string; maxLength?: number }) => Type.String(options),
  /** A name, or nothing. */
  name: (options: ValueOptions<string> & { maxLength?: number }) =>
    Type.String({ maxLength: 63, ...options, pattern: optional(NAME_PATTERN) }),
  dottedName: (options: ValueOptions<string>) =>
    Type.String({ maxLength: 253, ...options, pattern: optional(DOTTED_NAME_PATTERN) }),
  choice: <const T extends string>(choices: readonly T[], options: ValueOptions<T>) =>
    Type.Unsafe<T>({ type: 'string', enum: choices, ...options }),
  integer: (options: ValueOptions<number> & { minimum: number; maximum: number }) => Type.Integer(options),
  /** The port of a setting. From 1024: a port below needs a capability, and both programs have none. */
  port: (description: string, { default: value = '' }: SettingSchema) =>
    Type.Integer({
      description,
      default: Number(value.replace(/^:/, '')),
      minimum: 1024,
      maximum: 65_535,
    }),
  goDuration: (options: ValueOptions<string>) =>
    Type.String({ minLength: 2, ...options, pattern: GO_DURATION_PATTERN }),
  list: <S extends TSchema>(items: S, options: ValueOptions<readonly unknown[]>) =>
    Type.Array(items, options),
  /** Labels, annotations and the like. */
  map: (options: ValueOptions<Readonly<Record<string, string>>>) =>
    Type.Unsafe<Record<string, string>>({
      type: 'object',
      additionalProperties: { type: 'string' },
      ...options,
    }),
  /** A setting of the program that can be chosen in the chart: its default, meaning and limits are the program's. */
  setting: (schema: SettingSchema) => settingValue(schema),
} as const;

function optional(pattern: string): string {
  return `^$|${pattern}`;
}

function settingValue({ setting, description, default: value, choices }: SettingSchema): TSchema {
  if (value === undefined) throw new Error(`a setting without a default cannot be a value: ${description}`);
  const common = { description: `${description}.`, default: value };
  switch (setting) {
    case 'text': // all of them are directories
      return Type.String({ ...common, pattern: PATH_PATTERN });
    case 'duration':
      return Type.Unsafe({
        type: 'string',
        ...common,
        pattern: DURATION_PATTERN,
        maxLength: MAX_DURATION_LENGTH,
        // Every duration of a setting has to be at least a second, and a second is the smallest unit.
        not: { pattern: '^[0wdhms]*$' },
      });
    case 'choice':
      return Type.Unsafe({ type: 'string', enum: choices, ...common });
    default:
      throw new Error(`there is no value for a setting that is a ${setting}`);
  }
}
