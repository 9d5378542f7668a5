/** What the kubelet's file name of an archive says. */
export interface ArchiveName {
  readonly pod: string;
  /** `<namespace>-<container>`: where it splits cannot be told from the name, both may contain `-`. */
  readonly joined: string;
  /** The time of the checkpoint, Unix ms. */
  readonly createdAtMs: number;
}

/** A file of this name plus suffix beside an archive keeps it outside retention. */
export const PIN_SUFFIX = '.keep';

/** NAME_MAX of every filesystem that can hold a checkpoint directory. */
const MAX_NAME_BYTES = 255;
const MAX_POD_LENGTH = 253;
const MAX_ZONE_MINUTES = 14 * 60;

/**
 * `checkpoint-<pod>_<namespace>-<container>-<RFC 3339 time>.tar`. Names can hold neither `_` nor capital letters, so `_`
 * and `T` anchor the rest. Seconds are whole where the kubelet writes them; other tools write fractions or leave out the
 * zone, which then is UTC.
 *
 * @see kubernetes v1.37 `pkg/kubelet/kubelet.go`, `CheckpointContainer`
 */
const ARCHIVE_NAME =
  /^checkpoint-([a-z0-9.-]+)_([a-z0-9.-]+)-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?\.tar$/;

/** RFC 1123 subdomain: what Kubernetes allows as a pod name. Also refuses `..` and leading or trailing dots and dashes. */
const SUBDOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/**
 * Reads a file name in the kubelet's form. Strict, because a name that does not parse is never touched: a calendar date
 * that does not exist, a zone beyond ±14:00 or a name Kubernetes would refuse is a foreign file.
 *
 * @param fileName - the name alone, without a directory
 * @returns `undefined` where the name is not an archive's
 */
export function parseArchiveName(fileName: string): ArchiveName | undefined {
  // All that the pattern accepts is ASCII, so the length in UTF-16 units is the length in bytes.
  if (fileName.length > MAX_NAME_BYTES) return undefined;
  const match = ARCHIVE_NAME.exec(fileName);
  if (match === null) return undefined;
  const [, pod = '', joined = '', time = '', fraction = '', zone = 'Z'] = match;
  if (pod.length > MAX_POD_LENGTH || !SUBDOMAIN.test(pod)) return undefined;
  if (!joined.includes('-') || !SUBDOMAIN.test(joined)) return undefined;
  const createdAtMs = parseTime(time, fraction, zone);
  return createdAtMs === undefined ? undefined : { pod, joined, createdAtMs };
}

/** The name of the pin that belongs to an archive. */
export function pinNameOf(archiveName: string): string {
  return archiveName + PIN_SUFFIX;
}

/** Whether an archive's pin would have a name that no filesystem takes; nobody can tell then whether it is to be kept. */
export function isPinNameTooLong(archiveName: string): boolean {
  return pinNameOf(archiveName).length > MAX_NAME_BYTES;
}

/** The archive a pin belongs to; `undefined` where the file is not a pin of an archive. */
export function archiveNameOfPin(fileName: string): string | undefined {
  if (!fileName.endsWith(PIN_SUFFIX)) return undefined;
  const archiveName = fileName.slice(0, -PIN_SUFFIX.length);
  return parseArchiveName(archiveName) === undefined ? undefined : archiveName;
}

/**
 * Every file of a scan comes by here, so it makes no strings on the way.
 *
 * @param time - `YYYY-MM-DDThh:mm:ss`
 */
function parseTime(time: string, fraction: string, zone: string): number | undefined {
  const [year, month, day] = [digitsAt(time, 0, 4), digitsAt(time, 5, 2), digitsAt(time, 8, 2)];
  const [hour, minute, second] = [digitsAt(time, 11, 2), digitsAt(time, 14, 2), digitsAt(time, 17, 2)];
  const zoneMinutes = parseZone(zone);
  if (zoneMinutes === undefined) return undefined;
  // Date.UTC reads years 0 to 99 as 1900 to 1999; nothing before the epoch is a checkpoint.
  if (year < 1970 || hour > 23 || minute > 59 || second > 59) return undefined;
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return undefined;
  const ms = fraction === '' ? 0 : Number(fraction.padEnd(3, '0').slice(0, 3));
  return Date.UTC(year, month - 1, day, hour, minute, second, ms) - zoneMinutes * 60_000;
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** @returns minutes east of UTC */
function parseZone(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const minutes = digitsAt(zone, 4, 2);
  const total = digitsAt(zone, 1, 2) * 60 + minutes;
  if (minutes > 59 || total > MAX_ZONE_MINUTES) return undefined;
  return zone.startsWith('-') ? -total : total;
}

function digitsAt(text: string, start: number, count: number): number {
  let value = 0;
  for (let i = start; i < start + count; i++) value = value * 10 + text.charCodeAt(i) - 0x30;
  return value;
}
