import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatBytes, formatQuantity, parseSize } from './quantity.ts';

const FACTOR: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

it('never throws and never answers without a remedy', () => {
  const nearly = fc.stringMatching(/^[-+ ]?[0-9.,eE]{0,20} ?(k|K|m|M|g|G|E|Ki|gi|MB|GiB|u|n)?[0-9]{0,3}$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), nearly, fc.double(), fc.integer()), (written) => {
      const parsed = parseSize(written);
      if (parsed.ok) expect(parsed.value).toBeGreaterThanOrEqual(0n);
      else expect(parsed.remedy).not.toBe('');
    }),
    { numRuns: 2_000 },
  );
});

it('gives at least what is written, and less than one byte more', () => {
  const number = fc.tuple(fc.nat(999_999), fc.stringMatching(/^[0-9]{0,9}$/));
  fc.assert(
    fc.property(number, fc.constantFrom(...Object.keys(FACTOR)), ([whole, fraction], suffix) => {
      const parsed = parseSize(`${whole}.${fraction}${suffix}`);
      const scale = 10n ** BigInt(fraction.length);
      const exact = BigInt(`${whole}${fraction}`) * BigInt(FACTOR[suffix] ?? 1);
      if (parsed.ok) {
        expect(parsed.value * scale).toBeGreaterThanOrEqual(exact);
        expect((parsed.value - 1n) * scale).toBeLessThan(exact);
      } else {
        expect(exact).toBeLessThan((1n << 20n) * scale);
      }
    }),
    { numRuns: 2_000 },
  );
});

it('reads back every quantity that formatQuantity writes', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n << 20n, max: 1n << 80n }), fc.nat(60), (bytes, shift) => {
      const rounded = (bytes >> BigInt(shift)) << BigInt(shift);
      fc.pre(rounded >= 1n << 20n);
      expect(parseSize(formatQuantity(rounded))).toEqual({ ok: true, value: rounded });
    }),
  );
});

it('shows bytes to people within five percent, below 1024 of a unit', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => {
      const [number = '', unit = ''] = formatBytes(bytes).split(' ');
      const shown = Number(number) * (FACTOR[unit.slice(0, -1)] ?? Number.NaN);
      expect(Number(number)).toBeLessThan(1024);
      expect(Math.abs(shown - bytes)).toBeLessThanOrEqual(bytes * 0.05);
    }),
  );
});
