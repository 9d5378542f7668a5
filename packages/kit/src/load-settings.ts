import { AppError, nearest, type Problem } from '@checkpoint-warden/errors';
import type { Static, TObject } from 'typebox';
import { describeSettings, ENV_PREFIX, type SettingDescription } from './describe-settings.ts';
import { parseSetting } from './parse-setting.ts';

/** Where settings come from. */
export interface SettingSources {
  /** The environment, e.g. `process.env`. An empty variable counts as not set. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the command line gave, by the settings' `name` (as commander's `opts()`); no defaults in it. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** Variables of other commands: they may be set in the same container and are not reported as unknown. */
  readonly otherEnv?: readonly string[];
}

/**
 * Reads the settings of a command: flags beat the environment, the environment beats defaults. Pure.
 *
 * @returns a frozen object; optional settings that are not set are absent
 * @throws AppError `CW_ERR_USAGE` with every problem; its path is the flag or variable that the value came from
 */
export function loadSettings<S extends TObject>(schema: S, sources: SettingSources): Readonly<Static<S>> {
  const settings = describeSettings(schema);
  const env = ownVariables(sources.env);
  const values: Record<string, unknown> = {};
  const problems = unknownVariables(settings, env, sources.otherEnv ?? []);
  for (const setting of settings) {
    const { text, from } = findText(setting, env, sources.flags);
    if (text === undefined) {
      if (setting.required) problems.push(missing(setting));
      continue;
    }
    const parsed = parseSetting(setting.schema, text);
    if (parsed.ok) values[setting.key] = parsed.value;
    else
      problems.push({
        path: from,
        message: parsed.message,
        found: JSON.stringify(text),
        remedy: parsed.remedy,
      });
  }
  if (problems.length > 0) throw wrongSettings(problems);
  return Object.freeze(values) as Readonly<Static<S>>;
}

function findText(
  setting: SettingDescription,
  env: SettingSources['env'],
  flags: SettingSources['flags'],
): { text: string | undefined; from: string } {
  const flag = flags[setting.name];
  if (flag !== undefined) return { text: String(flag), from: setting.flag };
  return { text: env[setting.env] || setting.default, from: setting.env };
}

function missing({ flag, env, placeholder }: SettingDescription): Problem {
  return {
    path: flag,
    message: 'it is required and not set',
    remedy: `give ${flag} <${placeholder}> or set ${env}`,
  };
}

function unknownVariables(
  settings: readonly SettingDescription[],
  env: SettingSources['env'],
  otherEnv: readonly string[],
): Problem[] {
  const own = settings.map((setting) => setting.env);
  const known = [...own, ...otherEnv];
  return Object.entries(env)
    .filter(([name]) => !known.includes(name))
    .map(([name, value]) => {
      // The common prefix would make any two variables look alike.
      const near = nearest(
        name.slice(ENV_PREFIX.length),
        known.map((other) => other.slice(ENV_PREFIX.length)),
      );
      const remedy =
        near === undefined ? `unset it; there are ${own.join(', ')}` : `did you mean ${ENV_PREFIX}${near}?`;
      return { path: name, message: 'there is no such setting', found: JSON.stringify(value), remedy };
    });
}

/** The variables with our prefix that a person set. */
function ownVariables(env: SettingSources['env']): SettingSources['env'] {
  const own = Object.entries(env).filter(
    ([name, value]) => name.startsWith(ENV_PREFIX) && !isServiceLink(name, value ?? ''),
  );
  return Object.fromEntries(own);
}

/**
 * Whether Kubernetes made a variable, for a Service in the pod's namespace whose name starts with `checkpoint-warden`. A
 * Service `checkpoint-warden-agent` would even set `CHECKPOINT_WARDEN_AGENT_PORT`, to `tcp://…`.
 *
 * @see https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
 */
function isServiceLink(name: string, value: string): boolean {
  return (
    /_SERVICE_(HOST|PORT(_\w+)?)$/.test(name) ||
    /_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name) ||
    (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value))
  );
}

function wrongSettings(problems: readonly Problem[]): AppError {
  const [first] = problems;
  const message =
    problems.length === 1 ? `${first?.path}: ${first?.message}` : `${problems.length} settings are wrong`;
  return new AppError('CW_ERR_USAGE', message, { problems });
}
