/**
 * Settings and what reads them: an entry of its own, because every command needs it at once and none of it loads a server.
 */
export { describeSettings, type SettingDescription, settingsTable } from './describe-settings.ts';
export { loadSettings, type SettingSources } from './load-settings.ts';
export { LOG_LEVELS, type LogLevel } from './log-levels.ts';
export {
  type Address,
  Setting,
  type SettingKind,
  type SettingOptions,
  type SettingSchema,
} from './setting.ts';
