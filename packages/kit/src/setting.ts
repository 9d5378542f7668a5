import { type TUnsafe, Type } from 'typebox';

/** What a setting holds. Each kind is text on the command line and in the environment, and read once. */
export type SettingKind = 'text' | 'list' | 'flag' | 'choice' | 'integer' | 'duration' | 'size' | 'address';

/** A listening address. An empty host means all of them, IPv6 and IPv4. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What every setting says about itself. */
export interface SettingOptions {
  /** For people: one sentence without a full stop. */
  readonly description: string;
  /** As it would be written on the command line. A setting without one is required, unless it is in `Type.Optional`. */
  readonly default?: string;
  /** What stands for the value in help, such as `dir`; the kind or the choices unless given. */
  readonly placeholder?: string;
}

/**
 * One setting as a TypeBox schema: the JSON schema is that of the text a person writes, the static type is that of the
 * value the program gets.
 */
export type SettingSchema<T = unknown> = TUnsafe<T> &
  SettingOptions & {
    readonly setting: SettingKind;
    readonly choices?: readonly string[];
    /** Inclusive bounds of the value: a number, milliseconds or bytes. */
    readonly min?: number;
    readonly max?: number;
  };

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

function setting<T>(kind: SettingKind, options: SettingOptions & Bounds & { choices?: readonly string[] }) {
  return Type.Unsafe<T>({ type: 'string', setting: kind, ...options }) as SettingSchema<T>;
}

/**
 * Makes settings, to be put into a `Type.Object`. Names of flag and environment variable come from the key; `…Ms` (duration)
 * and `…Bytes` (size) are units of the value and not part of the name.
 *
 * @example
 * const AgentSettings = Type.Object({
 *   scanIntervalMs: Setting.duration({ description: 'Time between full scans', default: '60s', min: 1_000 }),
 *   listen: Type.Optional(Setting.address({ description: 'Address of the HTTPS API' })),
 * }); // --scan-interval, CHECKPOINT_WARDEN_SCAN_INTERVAL; --listen, CHECKPOINT_WARDEN_LISTEN
 */
export const Setting = {
  text: (options: SettingOptions) => setting<string>('text', options),
  /** Texts separated by commas; on the command line the flag may also be repeated. */
  list: (options: SettingOptions) => setting<readonly string[]>('list', options),
  /** On or off: `true` or `false` in the environment, the bare flag on the command line. Off unless set. */
  flag: (options: Omit<SettingOptions, 'default' | 'placeholder'>) =>
    setting<boolean>('flag', { ...options, default: 'false' }),
  choice: <const T extends string>(choices: readonly T[], options: SettingOptions) =>
    setting<T>('choice', { ...options, choices }),
  integer: (options: SettingOptions & Bounds) => setting<number>('integer', options),
  /** Milliseconds; name the key `…Ms`. */
  duration: (options: SettingOptions & Bounds) => setting<number>('duration', options),
  /** Bytes; name the key `…Bytes`. */
  size: (options: SettingOptions & Bounds) => setting<number>('size', options),
  address: (options: SettingOptions) => setting<Address>('address', options),
} as const;
