import { describe, expect, it } from 'vitest';
import { formatBytes, formatQuantity, parseSize } from './quantity.ts';

const Ki = 1024n;
const Mi = Ki * Ki;
const Gi = Mi * Ki;
const EXAMPLES = 'write a size such as 500Mi or 1.5Gi, or 0 for no limit';

describe('parseSize reads', () => {
  it.each<[number | string, bigint, string]>([
    [10, 10n * Mi, 'a bare integer as MiB, as the original proposal has it'],
    [0, 0n, 'the number 0 as limit off'],
    ['0', 0n, 'the text 0 as limit off'],
    ['0Gi', 0n, 'zero of any unit as limit off'],
    ['0.0e5', 0n, 'zero with fraction and exponent as limit off'],
    ['1.5Gi', (3n * Gi) / 2n, 'a decimal with a unit, which others read as 1 byte'],
    ['1Mi', Mi, 'the smallest limit'],
    ['2M', 2_000_000n, 'M as 10^6, not as 2^20'],
    ['2000k', 2_000_000n, 'k as 10^3'],
    ['3G', 3_000_000_000n, 'G as 10^9'],
    ['3T', 3_000_000_000_000n, 'T as 10^12'],
    ['3P', 3_000_000_000_000_000n, 'P as 10^15'],
    ['1E', 10n ** 18n, 'E alone as exa, not as an exponent'],
    ['2048Ki', 2n * Mi, 'Ki as 2^10'],
    ['2Ti', 1n << 41n, 'Ti as 2^40'],
    ['2Pi', 1n << 51n, 'Pi as 2^50'],
    ['7Ei', 7n << 60n, 'Ei as 2^60, exactly, far beyond what a double holds'],
    ['9999Ei', 9999n << 60n, 'sizes beyond 2^63'],
    ['1e9', 10n ** 9n, 'an exponent'],
    ['1.5E9', 1_500_000_000n, 'a capital exponent after a fraction'],
    ['1e+9', 10n ** 9n, 'an exponent with a plus sign'],
    ['12345678900e-1', 1_234_567_890n, 'a negative exponent'],
    ['1e99', 10n ** 99n, 'the largest exponent'],
    ['+1Gi', Gi, 'a plus sign, as Kubernetes does'],
    ['.5Gi', Gi / 2n, 'a leading point, as Kubernetes does'],
    ['5.Gi', 5n * Gi, 'a trailing point, as Kubernetes does'],
    ['010Mi', 10n * Mi, 'leading zeros as decimal, not octal'],
    ['1048576.5', Mi + 1n, 'a part of a byte, rounded up'],
    ['12345678901e-1', 1_234_567_891n, 'a part of a byte from an exponent, rounded up'],
  ])('%j: %d bytes (%s)', (written, bytes) => {
    expect(parseSize(written)).toEqual({ ok: true, value: bytes });
  });
});

describe('parseSize refuses', () => {
  it.each<[number | string, string, string]>([
    ['10', '"10" is less than 1Mi', 'did you mean 10Mi?'],
    ['0.5', '"0.5" is less than 1Mi', 'did you mean 0.5Mi?'],
    ['+10', '"+10" is less than 1Mi', 'did you mean 10Mi?'],
    ['1048575.5', '"1048575.5" is less than 1Mi', 'did you mean 1048575.5Mi?'],
    ['100k', '"100k" is less than 1Mi', 'write at least 1Mi, or 0 for no limit'],
    ['1e3', '"1e3" is less than 1Mi', 'write at least 1Mi, or 0 for no limit'],
    ['1e-99', '"1e-99" is less than 1Mi', 'write at least 1Mi, or 0 for no limit'],
    ['10GB', '"10GB" is not a size', 'write 10G (10^9) or 10Gi (2^30)'],
    ['10gb', '"10gb" is not a size', 'write 10G (10^9) or 10Gi (2^30)'],
    ['10g', '"10g" is not a size', 'write 10G (10^9) or 10Gi (2^30)'],
    ['2MB', '"2MB" is not a size', 'write 2M (10^6) or 2Mi (2^20)'],
    ['2000K', '"2000K" is not a size', 'write 2000k (10^3) or 2000Ki (2^10)'],
    ['10GiB', '"10GiB" is not a size', 'write 10Gi'],
    ['1.5gi', '"1.5gi" is not a size', 'write 1.5Gi'],
    ['1.5 Gi', '"1.5 Gi" is not a size', 'write 1.5Gi'],
    [' 1Gi', '" 1Gi" is not a size', 'write 1Gi'],
    ['1Gi\n', '"1Gi\\n" is not a size', 'write 1Gi'],
    ['1,5Gi', '"1,5Gi" is not a size', 'write 1.5Gi'],
    ['500m', '"500m" is not a size', 'write 500M (10^6) or 500Mi (2^20)'],
    ['500u', '"500u" is not a size', EXAMPLES],
    ['500n', '"500n" is not a size', EXAMPLES],
    ['5000000B', '"5000000B" is not a size', 'write bytes without a unit'],
    ['-1Gi', '"-1Gi" is not a size', 'write a size above 0, or 0 to switch the limit off'],
    ['1Ee3', '"1Ee3" is not a size', EXAMPLES],
    ['1e3Ki', '"1e3Ki" is not a size', EXAMPLES],
    ['1e', '"1e" is not a size', 'write 1E (10^18) or 1Ei (2^60)'],
    ['1e999999999', '"1e999999999" is not a size', EXAMPLES],
    ['1.5.5Gi', '"1.5.5Gi" is not a size', EXAMPLES],
    ['.', '"." is not a size', EXAMPLES],
    ['Gi', '"Gi" is not a size', EXAMPLES],
    ['0x10', '"0x10" is not a size', EXAMPLES],
    ['Infinity', '"Infinity" is not a size', EXAMPLES],
    ['٣Gi', '"٣Gi" is not a size', EXAMPLES],
    ['', '"" is not a size', EXAMPLES],
    [' ', '" " is not a size', EXAMPLES],
    ['9'.repeat(40), `"${'9'.repeat(32)}…" is not a size`, EXAMPLES],
    [-1, '-1 is negative', 'write 0 to switch the limit off'],
    [10.5, '10.5 is not a whole number of MiB', 'write "10.5Mi"'],
    [Number.NaN, 'NaN is not a size', EXAMPLES],
    [Number.POSITIVE_INFINITY, 'Infinity is not a size', EXAMPLES],
    [2 ** 60, '1152921504606847000 is not a size', EXAMPLES],
  ])('%j', (written, message, remedy) => {
    expect(parseSize(written)).toEqual({ ok: false, message, remedy });
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [512, '512 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [1_503_238_553, '1.4 GiB'],
    [2 ** 30 - 1, '1 GiB'],
    [2 ** 50, '1 PiB'],
    [Number.MAX_SAFE_INTEGER, '8 PiB'],
  ])('shows %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatQuantity', () => {
  it.each<[bigint | number, string]>([
    [0, '0'],
    [1n << 30n, '1Gi'],
    [1_610_612_736, '1536Mi'],
    [1_500_000, '1500000'],
    [7n << 60n, '7Ei'],
  ])('writes %d as %s', (bytes, text) => {
    expect(formatQuantity(bytes)).toBe(text);
  });
});
