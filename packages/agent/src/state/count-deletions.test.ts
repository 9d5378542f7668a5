import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditIntent, AuditOutcome } from './audit-entry.ts';
import { type AuditLog, openAuditLog } from './audit-log.ts';
import { countDeletions, type DeletionTotals, totalsFile } from './count-deletions.ts';
import type { Damage } from './damage.ts';

const clock = manualClock(Date.UTC(2026, 0, 1));
let dir: string;
let damages: Damage[];
let log: AuditLog | undefined;
let audit: AuditLog;
let totals: DeletionTotals;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'checkpoint-warden-totals-'));
  damages = [];
  restart();
});
afterEach(() => {
  log?.close();
  rmSync(dir, { recursive: true });
});

/** As after a kill: what was not saved is not. */
function restart(): void {
  log?.close();
  const handling = { clock, onDamage: (damage: Damage) => damages.push(damage) };
  log = openAuditLog(join(dir, 'audit'), handling);
  ({ audit, totals } = countDeletions(log, totalsFile(dir, handling), clock));
}

function intent(policy: string, facts: Partial<AuditIntent> = {}): AuditIntent {
  return {
    archive: 'a',
    node: 'node-1',
    bytes: 10,
    fileId: '1:2:10:3',
    reason: 'over-count',
    rule: `${policy}/globalPolicy`,
    policy: { source: 'controller', revision: 1, hash: 'abc' },
    mode: 'Enforce',
    ...facts,
  };
}

function remove(intents: readonly AuditIntent[], result: AuditOutcome['result'] = 'deleted'): void {
  audit.appendOutcomes(audit.append(intents).map((seq) => ({ intent: seq, result })));
}

const counts = () =>
  Object.fromEntries(
    totals.current().map(({ policy, reason, count, bytes }) => [`${policy} ${reason}`, [count, bytes]]),
  );

describe('the sums of deletions', () => {
  it('are by policy object and reason, in order, with the time of the last', () => {
    remove([intent('b'), intent('a', { reason: 'expired' })]);
    clock.advance(1_000);
    remove([intent('b', { bytes: 5 }), intent('b', { reason: 'expired', rule: 'b/podPolicies[0]' })]);
    expect(totals.current()).toMatchObject([
      { policy: 'a', reason: 'expired', count: 1, bytes: 10, lastMs: clock.nowMs() - 1_000 },
      { policy: 'b', reason: 'expired', count: 1, bytes: 10 },
      { policy: 'b', reason: 'over-count', count: 2, bytes: 15, lastMs: clock.nowMs() },
    ]);
  });

  it.each(['already-gone', 'changed', 'pinned', 'failed'] as const)('leave out what was %s', (result) => {
    remove([intent('a')], result);
    expect(counts()).toEqual({});
    restart();
    expect(counts()).toEqual({});
  });

  it('are the same after a restart at any moment, saved or not', () => {
    for (let round = 1; round <= 5; round++) {
      remove([intent('a'), intent('b')]);
      if (round % 2 === 0) totals.save();
      remove([intent('a')]);
      const before = totals.current();
      restart();
      expect(totals.current()).toEqual(before);
      expect(counts()).toEqual({
        'a over-count': [2 * round, 20 * round],
        'b over-count': [round, 10 * round],
      });
    }
  });

  it('have what was announced before they were saved and has come to its end after', () => {
    const [first = 0, second = 0] = audit.append([intent('a'), intent('a')]);
    audit.appendOutcomes([{ intent: second, result: 'deleted' }]);
    totals.save();
    audit.appendOutcomes([{ intent: first, result: 'deleted' }]);
    expect(counts()).toEqual({ 'a over-count': [2, 20] });
    restart();
    expect(counts()).toEqual({ 'a over-count': [2, 20] });
  });

  it('have what the start after a crash finds out, once', () => {
    const [seq = 0] = audit.append([intent('a')]);
    totals.save();
    restart();
    expect(counts()).toEqual({});
    audit.appendOutcomes([{ intent: seq, result: 'deleted' }]);
    restart();
    expect(counts()).toEqual({ 'a over-count': [1, 10] });
  });

  it('outlive the audit log, and go on when it begins anew', () => {
    remove([intent('a'), intent('a')]);
    totals.save();
    log?.close();
    log = undefined;
    rmSync(join(dir, 'audit'), { recursive: true });
    restart();
    remove([intent('a')]);
    totals.save();
    restart();
    remove([intent('a')]);
    restart();
    expect(counts()).toEqual({ 'a over-count': [4, 40] });
  });

  it('are counted anew from the audit log when their file is damaged, which is set aside', () => {
    remove([intent('a')]);
    totals.save();
    writeFileSync(join(dir, 'deletion-totals.json'), '{"seq":2,"intentsAfter":2,"totals":[{"policy":"a"}]}');
    restart();
    expect(damages).toMatchObject([{ file: join(dir, 'deletion-totals.json') }]);
    expect(counts()).toEqual({ 'a over-count': [1, 10] });
  });

  it('are saved only when there is something new, and after what they rely on is on disk', () => {
    const calls: string[] = [];
    const stored = { load: () => undefined, save: () => void calls.push('save') };
    const flushed: AuditLog = Object.create(audit, { flush: { value: () => void calls.push('flush') } });
    ({ audit, totals } = countDeletions(flushed, stored, clock));
    totals.save();
    expect(calls).toEqual([]);
    remove([intent('a')]);
    totals.save();
    totals.save();
    expect(calls).toEqual(['flush', 'save']);
  });

  it('are bounded: of too many policy objects those that deleted last are told', () => {
    for (let first = 0; first < 1_100; first += 100)
      remove(Array.from({ length: 100 }, (_, index) => intent(`p${first + index}`)));
    remove([intent('p150')]);
    expect(totals.current()).toHaveLength(1_000);
    expect(counts()).toMatchObject({ 'p150 over-count': [2, 20], 'p1099 over-count': [1, 10] });
    expect(counts()).not.toHaveProperty(['p99 over-count']);
    totals.save();
    restart();
    expect(totals.current()).toHaveLength(1_000);
    expect(readdirSync(dir).sort()).toEqual(['audit', 'deletion-totals.json']);
  });
});
