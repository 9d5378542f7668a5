import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMoment, parseMoment } from './moment.ts';

const instances = fc.oneof(fc.uuid(), fc.stringMatching(/^[0-9A-Za-z.-]{1,64}$/));
const times = fc.oneof(fc.integer({ min: 0, max: 1e15 }), fc.double({ min: 0, max: 1e12, noNaN: true }));

describe('a moment', () => {
  it('comes back as it was, in whole milliseconds and never later', () => {
    fc.assert(
      fc.property(instances, times, (instance, monotonicMs) => {
        expect(parseMoment(formatMoment({ instance, monotonicMs }))).toEqual({
          instance,
          monotonicMs: Math.floor(monotonicMs),
        });
      }),
    );
  });

  it.each([
    '',
    '/',
    'a',
    'a/',
    '/1',
    'a/-1',
    'a/1.5',
    'a/01',
    'a/1e3',
    'a/1/2',
    'a b/1',
    'a/1 ',
    'a/99999999999999999',
  ])('is refused in another form: %j', (text) => {
    expect(parseMoment(text)).toBeUndefined();
  });
});
