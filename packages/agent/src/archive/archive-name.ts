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
  /^checkpoint-([a-z0-9.-]+)_([a-z0-9.-]+)-(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?\.tar$/;

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
  const [, pod = '', joined = '', ...time] = ARCHIVE_NAME.exec(fileName) ?? [];
  if (pod.length > MAX_POD_LENGTH || !SUBDOMAIN.test(pod)) return undefined;
  if (!joined.includes('-') || !SUBDOMAIN.test(joined)) return undefined;
  const createdAtMs = parseTime(time);
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

/** @param parts - year, month, day, hour, minute, second, fraction, zone, as the pattern captured them */
function parseTime(parts: readonly (string | undefined)[]): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(0, 6).map(Number);
  const fraction = parts[6] ?? '';
  const zoneMinutes = parseZone(parts[7] ?? 'Z');
  if (zoneMinutes === undefined) return undefined;
  // Date.UTC reads years 0 to 99 as 1900 to 1999; nothing before the epoch is a checkpoint.
  if (year < 1970 || hour > 23 || minute > 59 || second > 59) return undefined;
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return undefined;
  const localMs = Date.UTC(
    year,
    month - 1,
    day,
    hour,
    minute,
    second,
    Number(fraction.padEnd(3, '0').slice(0, 3)),
  );
  return localMs - zoneMinutes * 60_000;
}

function daysOfMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** @returns minutes east of UTC */
function parseZone(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  const total = hours * 60 + minutes;
  if (minutes > 59 || total > MAX_ZONE_MINUTES) return undefined;
  return zone.startsWith('-') ? -total : total;
}
