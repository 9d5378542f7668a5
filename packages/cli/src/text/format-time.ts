/** A time for programs: RFC 3339 in UTC, whole seconds as in file names. */
export function fileTimeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** A time for people: `2026-11-23 13:11:16 UTC`. */
export function formatTime(ms: number): string {
  return fileTimeOf(ms).replace('T', ' ').replace('Z', ' UTC');
}
