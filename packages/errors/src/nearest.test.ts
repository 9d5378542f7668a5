import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';

const FIELDS = ['maxCheckpoints', 'maxCheckpointSize', 'maxTotalSize', 'keepLast'];

describe('nearest', () => {
  it.each([
    ['a letter missing', 'maxChekpoints', 'maxCheckpoints'],
    ['a letter too many', 'keeppLast', 'keepLast'],
    ['two letters swapped', 'keepLsat', 'keepLast'],
    ['another letter case', 'MAXTOTALSIZE', 'maxTotalSize'],
    ['the word itself', 'keepLast', 'keepLast'],
  ])('finds the known word behind %s', (_, word, expected) => {
    expect(nearest(word, FIELDS)).toBe(expected);
  });

  it.each(['', 'retention', 'k', 'size'])('suggests nothing for %j, which is near no known word', (word) => {
    expect(nearest(word, FIELDS)).toBeUndefined();
  });

  it('prefers the earlier of two words that are equally near', () => {
    expect(nearest('cat', ['bat', 'rat'])).toBe('bat');
  });

  it('counts swapped letters as one slip', () => {
    expect(nearest('ab', ['ba'])).toBe('ba');
  });
});
