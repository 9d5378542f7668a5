import { IsOptional, type TObject } from 'typebox';
import type { SettingSchema } from './setting.ts';

/** What every environment variable of ours starts with. */
export const ENV_PREFIX = 'CHECKPOINT_WARDEN_';

/** One setting with all its names. */
export interface SettingDescription {
  /** Key in the settings object, unit included: `scanIntervalMs`. */
  readonly key: string;
  /** The key without its unit; also what commander calls the option: `scanInterval`. */
  readonly name: string;
  /** `--scan-interval` */
  readonly flag: string;
  /** `CHECKPOINT_WARDEN_SCAN_INTERVAL` */
  readonly env: string;
  /** What stands for the value in help: `dir`, `duration`, or the choices. */
  readonly placeholder: string;
  readonly description: string;
  readonly default: string | undefined;
  readonly required: boolean;
  readonly schema: SettingSchema;
}

const UNITS: Readonly<Record<string, string>> = { duration: 'Ms', size: 'Bytes' };

/** Lists the settings of a schema in its order: the source of the command's options, its environment and its docs. */
export function describeSettings(schema: TObject): readonly SettingDescription[] {
  return Object.entries(schema.properties).map(([key, property]) => {
    const setting = property as SettingSchema;
    const unit = UNITS[setting.setting];
    const name = unit !== undefined && key.endsWith(unit) ? key.slice(0, -unit.length) : key;
    const kebab = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return {
      key,
      name,
      flag: `--${kebab}`,
      env: `${ENV_PREFIX}${kebab.replaceAll('-', '_').toUpperCase()}`,
      placeholder: setting.placeholder ?? setting.choices?.join('|') ?? setting.setting,
      description: setting.description,
      default: setting.default,
      required: setting.default === undefined && !IsOptional(property),
      schema: setting,
    };
  });
}

/** The settings as a Markdown table, for `docs/reference/config.md`. */
export function settingsTable(schema: TObject): string {
  const rows = describeSettings(schema).map((setting) => {
    const fallback =
      setting.default === undefined ? (setting.required ? 'required' : '') : code(setting.default);
    const kind = setting.schema.choices?.map(code).join(', ') ?? setting.schema.setting;
    return `| ${code(setting.flag)} | ${code(setting.env)} | ${kind} | ${fallback} | ${setting.description} |`;
  });
  return ['| flag | environment | value | default | meaning |', '|---|---|---|---|---|', ...rows, ''].join(
    '\n',
  );
}

function code(text: string): string {
  return `\`${text}\``;
}
