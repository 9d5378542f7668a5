/**
 * A time as `MicroTime` of the API has it: RFC 3339 with six decimals. The API server refuses another form.
 *
 * @param unixMs - Unix ms; parts of one are left out
 */
export function toMicroTime(unixMs: number): string {
  return new Date(unixMs).toISOString().replace('Z', '000Z');
}
