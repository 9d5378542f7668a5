import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

const EXAMPLES = 'write a duration such as 90s, 15m, 72h, 7d or 1h30m';
const HOUR = 3_600_000;

describe('parseDuration reads', () => {
  it.each([
    ['90s', 90_000],
    ['15m', 900_000],
    ['72h', 72 * HOUR],
    ['7d', 7 * 24 * HOUR],
    ['2w', 14 * 24 * HOUR],
    ['1h30m', 1.5 * HOUR],
    ['1w1d1h1m1s', 694_861_000],
    ['0s', 0],
    ['0', 0],
    ['2592000s', 30 * 24 * HOUR],
    ['010m', 600_000],
    ['99999d', 99_999 * 24 * HOUR],
  ])('%s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: ms });
  });
});

describe('parseDuration refuses', () => {
  it.each([
    ['1M', 'write 1m for minutes; write months as days, e.g. 30d'],
    ['3 months', 'write months as days, e.g. 30d'],
    ['1mo', 'write months as days, e.g. 30d'],
    ['1y', 'write years as days, e.g. 365d'],
    ['500ms', 'write whole seconds, e.g. 1s'],
    ['1.5h', 'write 1h30m'],
    ['7 d', 'write 7d'],
    ['7D', 'write 7d'],
    ['7days', 'write 7d'],
    ['5min', 'write 5m'],
    ['1 day 2 hours', 'write 1d2h'],
    ['30m1h', 'write 1h30m'],
    ['1h1h', 'write 2h'],
    ['10', 'add a unit: 10s, 10m, 10h or 10d'],
    ['-1h', 'write a duration that is not negative'],
    ['', EXAMPLES],
    [' ', EXAMPLES],
    ['two days', EXAMPLES],
    ['PT1H', EXAMPLES],
    ['1.3333h', EXAMPLES],
    ['1e3s', EXAMPLES],
    ['h', EXAMPLES],
    ['90s\n', 'write 1m30s'],
    ['100000d', 'write at most 99999d, or leave the limit out'],
    ['99999999999s', 'write at most 99999d, or leave the limit out'],
    ['2592000000s', 'write 30000d'],
  ])('%j, with the remedy: %s', (text, remedy) => {
    expect(parseDuration(text)).toEqual({
      ok: false,
      message: `${JSON.stringify(text)} is not a duration`,
      remedy,
    });
  });

  it('a text of any length, shortened in the message', () => {
    const parsed = parseDuration('1h'.repeat(100_000));
    expect(parsed).toMatchObject({ ok: false, message: `"${'1h'.repeat(32)}…" is not a duration` });
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [999, '0s'],
    [5_400_000, '1h30m'],
    [604_800_000, '7d'],
    [90_061_000, '1d1h1m1s'],
    [-60_000, '-1m'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
