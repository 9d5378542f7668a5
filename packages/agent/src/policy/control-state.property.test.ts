import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAppError } from '@checkpoint-warden/errors';
import { manualClock } from '@checkpoint-warden/kit/testing';
import type { Policy } from '@checkpoint-warden/policy';
import { makeRule } from '@checkpoint-warden/policy/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ControlState, controlFiles, openControlState } from './control-state.ts';
import { compareEpochs, type Epoch } from './policy-in-force.ts';

interface Sent {
  readonly kind: 'policy' | 'owners' | 'remote-archives';
  readonly epoch: Epoch;
  readonly revision: number;
  /** What it says. A leader never says two things under one revision; an impostor or a bug may. */
  readonly content: number;
}
type Step = Sent | { readonly kind: 'restart' };

const epochs = fc.record({
  leaseCreatedMs: fc.integer({ min: 0, max: 2 }),
  leaseTransitions: fc.integer({ min: 0, max: 2 }),
});
const messages: fc.Arbitrary<Sent> = fc.record({
  kind: fc.constantFrom('policy', 'policy', 'owners', 'remote-archives'),
  epoch: epochs,
  revision: fc.integer({ min: 1, max: 4 }),
  content: fc.integer({ min: 0, max: 1 }),
});
const restart: Step = { kind: 'restart' };
const steps = fc.array(fc.oneof({ weight: 5, arbitrary: messages }, fc.constant(restart)), { maxLength: 25 });

const policyOf = (content: number): Policy => ({ rules: [makeRule({ keepLast: content })] });

function compare(a: Sent, b: Sent): number {
  return compareEpochs(a.epoch, b.epoch) || a.revision - b.revision;
}

function highest(sent: readonly Sent[]): Sent | undefined {
  return sent.reduce<Sent | undefined>(
    (best, each) => (best === undefined || compare(each, best) > 0 ? each : best),
    undefined,
  );
}

/** @returns whether it was accepted */
function deliver(control: ControlState, { kind, epoch, revision, content }: Sent): boolean {
  try {
    if (kind === 'policy') control.acceptPolicy({ epoch, revision, policy: policyOf(content) });
    else if (kind === 'owners') control.acceptOwners({ epoch, revision, content: String(content) });
    else control.acceptRemoteArchives({ epoch, revision, content: String(content) });
    return true;
  } catch (error) {
    if (!isAppError(error, 'CW_ERR_STALE_REVISION')) throw error;
    return false;
  }
}

function run(
  all: readonly Step[],
  onStep: (control: ControlState, step: Sent, wasAccepted: boolean) => void,
): void {
  const dir = mkdtempSync(join(tmpdir(), 'checkpoint-warden-control-'));
  const open = () =>
    openControlState(
      controlFiles(dir, {
        clock: manualClock(),
        onDamage: ({ file }) => {
          throw new Error(`${file} is damaged`);
        },
      }),
    );
  try {
    let control = open();
    for (const step of all) {
      if (step.kind === 'restart') control = open();
      else onStep(control, step, deliver(control, step));
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe('the order of messages, in any interleaving of leaders, repetitions and restarts', () => {
  it('leaves the highest policy accepted in force', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const accepted: Sent[] = [];
        run(all, (control, sent, wasAccepted) => {
          if (wasAccepted && sent.kind === 'policy') accepted.push(sent);
          const best = highest(accepted);
          expect(control.policy?.epoch).toEqual(best?.epoch);
          expect(control.policy?.revision).toBe(best?.revision);
          expect(control.policy?.policy.rules[0]?.keepLast).toBe(best?.content);
        });
      }),
    );
  });

  it('leaves the highest policy that was sent in force, where only policies are sent', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const sent: Sent[] = [];
        run(
          all.filter(({ kind }) => kind === 'policy' || kind === 'restart'),
          (control, message) => {
            sent.push(message);
            const best = highest(sent);
            expect([control.policy?.epoch, control.policy?.revision]).toEqual([best?.epoch, best?.revision]);
          },
        );
      }),
    );
  });

  it('accepts a message exactly when nothing accepted before outranks or contradicts it', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const accepted: Sent[] = [];
        run(all, (_control, sent, wasAccepted) => {
          const outranked = accepted.some(
            (other) =>
              compareEpochs(other.epoch, sent.epoch) > 0 ||
              (other.kind === sent.kind && compare(other, sent) > 0),
          );
          const contradicted = accepted.some(
            (other) =>
              other.kind === sent.kind && compare(other, sent) === 0 && other.content !== sent.content,
          );
          expect(wasAccepted).toBe(!outranked && !contradicted);
          if (wasAccepted) accepted.push(sent);
        });
      }),
    );
  });

  it('outranks exactly the epochs before the latest that was accepted', () => {
    fc.assert(
      fc.property(steps, epochs, (all, epoch) => {
        const accepted: Sent[] = [];
        run(all, (control, sent, wasAccepted) => {
          if (wasAccepted) accepted.push(sent);
          const isOutranked = accepted.some((other) => compareEpochs(other.epoch, epoch) > 0);
          expect(control.isOutranked(epoch)).toBe(isOutranked);
        });
      }),
    );
  });
});
