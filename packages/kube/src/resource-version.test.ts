import { describe, expect, it } from 'vitest';
import { compareResourceVersions } from './resource-version.ts';

describe('compareResourceVersions', () => {
  it.each([
    ['9', '10', -1],
    ['10', '9', 1],
    ['10', '10', 0],
    ['0', '1', -1],
    // Beyond what a number holds exactly.
    ['9007199254740993', '9007199254740992', 1],
    ['99999999999999999998', '99999999999999999999', -1],
  ])('orders %s and %s as integers', (a, b, sign) => {
    expect(Math.sign(compareResourceVersions(a, b) ?? Number.NaN)).toBe(sign);
  });

  it.each(['', 'abc', '-1', '1.5', '01', '1e3'])('says nothing of %j, which is no integer', (other) => {
    expect(compareResourceVersions(other, '5')).toBeUndefined();
    expect(compareResourceVersions('5', other)).toBeUndefined();
  });
});
