import { manualClock } from '@checkpoint-warden/kit/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { createHealthChecks, type Health, type HealthChecks } from './health-checks.ts';

const READY: Health = { ready: true, directoryTrouble: undefined, lastTurnMs: undefined };

const clock = manualClock();
let health: Health;
let checks: HealthChecks;

beforeEach(() => {
  health = READY;
  checks = createHealthChecks({ health: () => health, clock, quietMs: 60_000 });
});

describe('an agent is healthy', () => {
  it('as long as turns follow each other', () => {
    clock.advance(3_600_000);
    health = { ...READY, lastTurnMs: clock.monotonicMs() };
    clock.advance(61_000);
    expect(checks.whyNotHealthy()).toBeUndefined();
  });

  it('but not when none has begun for long after a whole period of rest', () => {
    health = { ...READY, lastTurnMs: clock.monotonicMs() };
    clock.advance(60_000 + 10 * 60_000 + 1_000);
    expect(checks.whyNotHealthy()).toBe('no pass for 661 s');
  });

  it('but not when the first one never begins', () => {
    expect(checks.whyNotHealthy()).toBeUndefined();
    clock.advance(3_600_000);
    expect(checks.whyNotHealthy()).toMatch(/^no pass for/);
  });

  it('while the directory cannot be read, which a restart would not help', () => {
    health = { ready: false, directoryTrouble: 'EACCES', lastTurnMs: clock.monotonicMs() };
    expect(checks.whyNotHealthy()).toBeUndefined();
  });
});

describe('an agent is ready', () => {
  it('once the archives are known', () => {
    expect(checks.whyNotReady()).toBeUndefined();
  });

  it.each<[string, Partial<Health>, string]>([
    ['before the first scan', {}, 'the first scan of the checkpoint directory has not finished'],
    [
      'when the directory cannot be read',
      { directoryTrouble: 'EACCES' },
      'the checkpoint directory cannot be read: EACCES',
    ],
  ])('but not %s', (_, facts, reason) => {
    health = { ...READY, ready: false, ...facts };
    expect(checks.whyNotReady()).toBe(reason);
  });
});
