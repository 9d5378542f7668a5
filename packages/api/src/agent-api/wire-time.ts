import Type from 'typebox';
import { refined } from '../schema-rule.ts';

/** RFC 3339 has four digits of year. */
const EARLIEST_MS = Date.parse('0000-01-01T00:00:00.000Z');
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * A moment on the wire: RFC 3339 in UTC with exactly three decimals, so that a moment has one text.
 *
 * @example wireTime('When it was sent.') // '2026-01-31T12:00:00.000Z'
 */
export function wireTime(description: string) {
  const text = Type.String({ description, format: 'date-time' });
  return refined(text, [
    {
      check: (value) =>
        typeof value !== 'string' || !Number.isNaN(fromWireTime(value))
          ? undefined
          : {
              message: 'it is not a time',
              remedy: 'RFC 3339 in UTC with milliseconds: 2026-01-31T12:00:00.000Z',
            },
    },
  ]);
}

/**
 * @param unixMs - Unix ms; a file may have any mtime, so one outside the years 0 to 9999 becomes the nearest that can be said
 */
export function toWireTime(unixMs: number): string {
  return new Date(Math.min(Math.max(unixMs, EARLIEST_MS), LATEST_MS)).toISOString();
}

/** @returns Unix ms; `NaN` for what {@link wireTime} refuses: another form, or no day of the calendar */
export function fromWireTime(text: string): number {
  const unixMs = Date.parse(text);
  return Number.isNaN(unixMs) || new Date(unixMs).toISOString() !== text ? Number.NaN : unixMs;
}
