import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

it('never throws; what it reads is a safe number of milliseconds', () => {
  const nearly = fc.stringMatching(/^-?([0-9]{0,12}[.]?[0-9]{0,2} ?[wdhmsMy]){0,5}$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), nearly), (text) => {
      const parsed = parseDuration(text);
      if (parsed.ok) expect(Number.isSafeInteger(parsed.value) && parsed.value >= 0).toBe(true);
      else expect(parsed.remedy).not.toBe('');
    }),
    { numRuns: 2_000 },
  );
});

it('reads back every whole number of seconds that formatDuration writes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 99_999 * 86_400 }), (seconds) => {
      expect(parseDuration(formatDuration(seconds * 1_000))).toEqual({ ok: true, value: seconds * 1_000 });
    }),
  );
});

it('adds up exactly what is written', () => {
  const terms = fc.tuple(fc.nat(500), fc.nat(900), fc.nat(9_000), fc.nat(9_000), fc.nat(9_000));
  fc.assert(
    fc.property(terms, ([w, d, h, m, s]) => {
      const seconds = (((w * 7 + d) * 24 + h) * 60 + m) * 60 + s;
      expect(parseDuration(`${w}w${d}d${h}h${m}m${s}s`)).toEqual({ ok: true, value: seconds * 1_000 });
    }),
  );
});
