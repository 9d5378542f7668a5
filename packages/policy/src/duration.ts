import { type ParseResult, refused } from './parse-result.ts';

/**
 * What a duration looks like: whole numbers with a unit, largest unit first, each unit at most once; or a bare `0`. The digits
 * bound it to about a thousand years, without arithmetic that CEL would have to repeat. Also matches the empty text, which is
 * refused apart. JavaScript, Go's RE2 and CEL read it alike.
 */
export const DURATION_PATTERN =
  '^(0|([0-9]{1,4}w)?([0-9]{1,5}d)?([0-9]{1,6}h)?([0-9]{1,8}m)?([0-9]{1,9}s)?)$';

/** Longest duration text that is looked at, in characters. */
export const MAX_DURATION_LENGTH = 64;

/** Seconds in each unit, largest first. */
const UNITS = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 } as const;

/** The longest duration that {@link formatDuration} writes so that it can be read back, in days. */
const MAX_DAYS = 99_999;

type Unit = keyof typeof UNITS;

const DURATION = new RegExp(DURATION_PATTERN);
/** Units as other tools write them; the first letter is ours. */
const LONG_UNIT = /(?<=[\d\s])(w|d|h|m|s)(?:eeks?|k|ays?|ours?|rs?|inutes?|ins?|econds?|ecs?)(?![a-z])/g;
const EXAMPLES = 'write a duration such as 90s, 15m, 72h, 7d or 1h30m';

/**
 * Reads a duration: `90s`, `15m`, `72h`, `7d`, `2w`, `1h30m`, `0s`. A day is 24 hours, `m` is a minute.
 *
 * @returns milliseconds
 */
export function parseDuration(text: string): ParseResult<number> {
  if (text === '') return refused('"" is not a duration', EXAMPLES);
  if (text.length > MAX_DURATION_LENGTH || !DURATION.test(text)) {
    return refused(`${quoted(text)} is not a duration`, remedyFor(text));
  }
  return { ok: true, value: totalSeconds(text) * 1_000 };
}

/** Adds up all `<number><unit>` in a text. */
function totalSeconds(text: string): number {
  return [...text.matchAll(/([\d.]+)([wdhms])/g)].reduce(
    (sum, [, number, unit]) => sum + Number(number) * UNITS[unit as Unit],
    0,
  );
}

/** What the writer of a text that is no duration probably meant. */
function remedyFor(text: string): string {
  if (text.length > MAX_DURATION_LENGTH) return EXAMPLES;
  if (/^\d+$/.test(text)) return `add a unit: ${text}s, ${text}m, ${text}h or ${text}d`;
  if (text.startsWith('-')) return 'write a duration that is not negative';
  if (/^\d+M$/.test(text)) return `write ${text.slice(0, -1)}m for minutes; write months as days, e.g. 30d`;
  if (/^\d+\s*(mo|months?)$/i.test(text)) return 'write months as days, e.g. 30d';
  if (/^\d+\s*(y|years?)$/i.test(text)) return 'write years as days, e.g. 365d';
  if (/^\d+\s*(ns|us|µs|ms)$/i.test(text)) return 'write whole seconds, e.g. 1s';
  const terms = text.toLowerCase().replace(LONG_UNIT, '$1').replace(/\s/g, '');
  if (!/^(\d+([.]\d+)?[wdhms])+$/.test(terms)) return EXAMPLES;
  const seconds = totalSeconds(terms);
  if (seconds > MAX_DAYS * UNITS.d) return `write at most ${MAX_DAYS}d, or leave the limit out`;
  return Number.isInteger(seconds) ? `write ${formatDuration(seconds * 1_000)}` : EXAMPLES;
}

/**
 * A duration as text, in days and smaller units: `7d`, `1h30m`, `0s`. Parts of a second are cut off;
 * {@link parseDuration} reads whole seconds back to the same number, up to 99999 days.
 *
 * @param ms - milliseconds; negative ones get a leading `-`
 */
export function formatDuration(ms: number): string {
  const parts: string[] = [];
  let rest = Math.floor(Math.abs(ms) / 1_000);
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const count = Math.floor(rest / UNITS[unit]);
    rest -= count * UNITS[unit];
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.length === 0 ? '0s' : `${ms < 0 ? '-' : ''}${parts.join('')}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_DURATION_LENGTH ? `${text.slice(0, MAX_DURATION_LENGTH)}…` : text);
}
