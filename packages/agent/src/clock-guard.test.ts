import { manualClock } from '@checkpoint-warden/kit/testing';
import { describe, expect, it } from 'vitest';
import { createClockGuard } from './clock-guard.ts';

const MINUTE = 60_000;

describe('createClockGuard', () => {
  it('trusts a clock that runs with monotonic time', () => {
    const clock = manualClock();
    const guard = createClockGuard(clock, clock.nowMs());
    clock.advance(MINUTE);
    expect(guard.check()).toEqual({ trusted: true, why: '' });
  });

  it('trusts a clock that is slewed as fast as NTP may', () => {
    const clock = manualClock();
    const guard = createClockGuard(clock, undefined);
    for (let minute = 0; minute < 60; minute++) {
      clock.advance(MINUTE);
      clock.setWall(clock.nowMs() + 30);
      expect(guard.check().trusted).toBe(true);
    }
  });

  it.each([3_000, -3_000, 86_400_000, -86_400_000])(
    'does not trust a clock that has stepped by %d ms',
    (step) => {
      const clock = manualClock();
      const guard = createClockGuard(clock, undefined);
      clock.setWall(clock.nowMs() + step);
      expect(guard.check()).toEqual({ trusted: false, why: 'the clock has stepped' });
    },
  );

  it('trusts it again after ten steady minutes, counted from the last doubt', () => {
    const clock = manualClock();
    const guard = createClockGuard(clock, undefined);
    clock.setWall(clock.nowMs() + MINUTE);
    guard.check();
    clock.advance(9 * MINUTE);
    expect(guard.check().trusted).toBe(false);
    clock.setWall(clock.nowMs() - MINUTE);
    guard.check();
    clock.advance(9 * MINUTE);
    expect(guard.check().trusted).toBe(false);
    clock.advance(MINUTE);
    expect(guard.check().trusted).toBe(true);
  });

  it('does not trust a clock that is behind what was seen before by more than five minutes', () => {
    const clock = manualClock();
    expect(createClockGuard(clock, clock.nowMs() + 6 * MINUTE).check().trusted).toBe(false);
    expect(createClockGuard(clock, clock.nowMs() + 4 * MINUTE).check().trusted).toBe(true);
  });

  it.each([6 * MINUTE, -6 * MINUTE])(
    'does not trust a clock that differs from the controller’s by %d ms',
    (offset) => {
      const clock = manualClock();
      const guard = createClockGuard(clock, undefined);
      guard.compareWith(clock.nowMs() + offset / 2);
      expect(guard.check().trusted).toBe(true);
      guard.compareWith(clock.nowMs() + offset);
      expect(guard.check().trusted).toBe(false);
    },
  );
});
