import { describe, expect, it } from 'vitest';
import { fromWireTime, toWireTime } from './wire-time.ts';

describe('a time on the wire', () => {
  it.each([0, -1, 1_767_225_600_000, 253_402_300_799_999])('comes back as it was: %i', (unixMs) => {
    expect(fromWireTime(toWireTime(unixMs))).toBe(unixMs);
  });

  it.each([
    [1e18, '9999-12-31T23:59:59.999Z'],
    [-1e18, '0000-01-01T00:00:00.000Z'],
    [Number.POSITIVE_INFINITY, '9999-12-31T23:59:59.999Z'],
  ])('is the nearest that can be said where %d is out of range', (unixMs, text) => {
    expect(toWireTime(unixMs)).toBe(text);
  });

  it.each([
    '',
    'now',
    '2026-01-01',
    '2026-01-01T00:00:00Z',
    '2026-01-01T00:00:00.000',
    '2026-01-01T00:00:00.000+00:00',
    '2026-01-01T00:00:00.0000Z',
    '2026-01-01 00:00:00.000Z',
    '2026-02-30T00:00:00.000Z',
    '2026-01-01T24:00:00.000Z',
    '+002026-01-01T00:00:00.000Z',
    '2026-01-01t00:00:00.000z',
  ])('is refused in another form: %j', (text) => {
    expect(fromWireTime(text)).toBeNaN();
  });
});
