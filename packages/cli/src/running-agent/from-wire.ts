import { fromWireTime, type WireArchive, type WireVerdict } from '@checkpoint-warden/api';
import type { Archive, Verdict } from '@checkpoint-warden/policy';

/** What an agent's API says, in the words of the planner. */

export function fromWireArchive(wire: WireArchive, node: string): Archive {
  return {
    name: wire.archive,
    node,
    sizeBytes: wire.bytes,
    mtimeMs: fromWireTime(wire.modifiedAt),
    createdAtMs: fromWireTime(wire.createdAt),
    state: wire.state === 'unattributed' ? 'complete' : wire.state,
    owner: wire.owner,
    pinned: wire.pinned,
  };
}

/** Of the rule no more than its id is told. */
export function fromWireVerdict(wire: WireVerdict, archive: Archive): Verdict {
  const { action, reason, rule, mode, group, held } = wire;
  return {
    archive,
    action,
    reason,
    rule: rule === undefined ? undefined : { id: rule, mode },
    mode,
    ...(group === undefined ? {} : { group }),
    ...(held === undefined ? {} : { held }),
  };
}
