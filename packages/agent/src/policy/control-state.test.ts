import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { makeRule } from '@checkpoint-warden/policy/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Damage } from '../state/damage.ts';
import { controlFiles, openControlState } from './control-state.ts';

const EPOCH = { leaseCreatedMs: 1_000, leaseTransitions: 1 };
const LATER = { leaseCreatedMs: 1_000, leaseTransitions: 2 };
const POLICY = { rules: [makeRule({ keepLast: 3 })] };

let dir: string;
let damage: Damage[];
const open = () =>
  openControlState(controlFiles(dir, { clock: manualClock(), onDamage: (found) => damage.push(found) }));

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'checkpoint-warden-control-'));
  damage = [];
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('openControlState', () => {
  it('has no policy at first', () => {
    expect(open().policy).toBeUndefined();
    expect(open().owners).toBeUndefined();
    expect(damage).toEqual([]);
  });

  it('has the policy again after a restart, for its owner alone to read', () => {
    const { policy } = open().acceptPolicy({ epoch: EPOCH, revision: 1, policy: POLICY });
    expect(open().policy).toEqual(policy);
    expect(statSync(join(dir, 'controller-policy.json')).mode & 0o777).toBe(0o600);
  });

  it('remembers the order of owner states over a restart, but not what they said', () => {
    open().acceptOwners({ epoch: EPOCH, revision: 2, content: 'a' });
    const restarted = open();
    expect(restarted.owners).toEqual({ epoch: EPOCH, revision: 2 });
    expect(() => restarted.acceptOwners({ epoch: EPOCH, revision: 1, content: 'b' })).toThrow(/older than 2/);
    expect(restarted.acceptOwners({ epoch: EPOCH, revision: 2, content: 'a' })).toEqual({ isNew: false });
  });

  it('refuses a policy of an epoch before that of the last owner states, also after a restart', () => {
    open().acceptOwners({ epoch: LATER, revision: 1, content: '' });
    expect(() => open().acceptPolicy({ epoch: EPOCH, revision: 9, policy: POLICY })).toThrowError(
      expect.objectContaining({ code: 'CW_ERR_STALE_REVISION' }),
    );
    expect(open().policy).toBeUndefined();
  });

  it('keeps the policy of an older epoch in force until the new leader gives one', () => {
    open().acceptPolicy({ epoch: EPOCH, revision: 5, policy: POLICY });
    open().acceptOwners({ epoch: LATER, revision: 1, content: '' });
    expect(open().policy?.revision).toBe(5);
    expect(open().acceptPolicy({ epoch: LATER, revision: 1, policy: POLICY })).toMatchObject({ isNew: true });
  });

  it.each<[string, (text: string) => string]>([
    ['cut off', (text) => text.slice(0, -5)],
    ['changed', (text) => text.replace('"keepLast":3', '"keepLast":0')],
    ['of another schema', (text) => text.replace('"keepLast":3', '"keepLast":3,"extra":1')],
    ['empty', () => ''],
  ])('sets a policy aside that is %s, says so, and has none', (_, spoil) => {
    open().acceptPolicy({ epoch: EPOCH, revision: 1, policy: POLICY });
    const file = join(dir, 'controller-policy.json');
    writeFileSync(file, spoil(readFileSync(file, 'utf8')));
    const reopened = open();
    expect(reopened.policy).toBeUndefined();
    expect(damage).toMatchObject([{ file }]);
    expect(readdirSync(dir)).toEqual([expect.stringMatching(/^controller-policy\.json\.damaged-/)]);
    expect(reopened.acceptPolicy({ epoch: EPOCH, revision: 2, policy: POLICY })).toMatchObject({
      isNew: true,
    });
  });
});
