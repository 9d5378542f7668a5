import {
  fromWireTime,
  type GroupArchive,
  toWireTime,
  type WireArchive,
  type WireEpoch,
  type WirePolicyInForce,
  type WireVerdict,
} from '@checkpoint-warden/api';
import type { Archive, Dated, Verdict } from '@checkpoint-warden/policy';
import type { Epoch, PolicyInForce } from '../policy/policy-in-force.ts';

/** What this program holds, in the form that the API gives it. */

export function toWireEpoch({ leaseCreatedMs, leaseTransitions }: Epoch): WireEpoch {
  return { leaseCreated: toWireTime(leaseCreatedMs), leaseTransitions };
}

export function fromWireEpoch({ leaseCreated, leaseTransitions }: WireEpoch): Epoch {
  return { leaseCreatedMs: fromWireTime(leaseCreated), leaseTransitions };
}

export function toWirePolicyInForce({ source, epoch, revision, hash }: PolicyInForce): WirePolicyInForce {
  return { source, ...(epoch === undefined ? {} : { epoch: toWireEpoch(epoch) }), revision, hash };
}

export function wireStateOf({ state, owner }: Archive): WireArchive['state'] {
  return state === 'complete' && owner === undefined ? 'unattributed' : state;
}

/** @param why - what reading it showed */
export function toWireArchive(archive: Archive, why: string): WireArchive {
  return {
    archive: archive.name,
    ...(archive.owner === undefined ? {} : { owner: archive.owner }),
    bytes: archive.sizeBytes,
    createdAt: toWireTime(archive.createdAtMs),
    modifiedAt: toWireTime(archive.mtimeMs),
    state: wireStateOf(archive),
    why,
    pinned: archive.pinned,
  };
}

/** Only what counts in a group has an owner. */
export function toWireGroupArchive({ archive, timeMs }: Dated): GroupArchive {
  const { name, owner, sizeBytes, mtimeMs } = archive;
  return {
    name,
    pod: owner?.pod ?? '',
    container: owner?.container ?? '',
    bytes: sizeBytes,
    countsAsMs: timeMs,
    mtimeMs,
  };
}

export function toWireVerdict({ archive, action, reason, rule, mode, group, held }: Verdict): WireVerdict {
  return {
    archive: archive.name,
    ...(archive.owner === undefined ? {} : { owner: archive.owner }),
    bytes: archive.sizeBytes,
    action,
    reason,
    ...(rule === undefined ? {} : { rule: rule.id }),
    mode,
    ...(group === undefined ? {} : { group }),
    ...(held === undefined ? {} : { held }),
  };
}
