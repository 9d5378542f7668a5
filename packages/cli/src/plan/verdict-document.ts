import type { Verdict } from '@checkpoint-warden/policy';
import { fileTimeOf } from '../text/format-time.ts';

/** One verdict for programs. `rule` is `null` where none governs the archive. */
export function verdictDocument({ archive, action, reason, rule, mode, group, held }: Verdict): object {
  return {
    archive: archive.name,
    action,
    reason,
    rule: rule?.id ?? null,
    bytes: archive.sizeBytes,
    mode,
    time: fileTimeOf(archive.createdAtMs),
    state: archive.state,
    owner: archive.owner ?? null,
    ...(group === undefined ? {} : { group }),
    ...(held === undefined ? {} : { held }),
  };
}
