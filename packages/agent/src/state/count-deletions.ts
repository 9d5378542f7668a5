import { join } from 'node:path';
import { checkOf, DELETE_REASONS, MAX_POLICY_SUMS } from '@checkpoint-warden/api';
import type { Clock } from '@checkpoint-warden/kit';
import { type Static, Type } from 'typebox';
import { inOrder, policyOfRule, policySumKey } from '../policy/policy-sums.ts';
import type { AuditIntent, IntentEntry } from './audit-entry.ts';
import type { AuditLog } from './audit-log.ts';
import type { DamageHandling } from './damage.ts';
import { type Stored, storedFile } from './stored.ts';

const whole = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const SavedTotalsSchema = Type.Object({
  /** All outcomes up to this sequence number of the audit log are in the totals. */
  seq: whole,
  /** Intents whose outcome is not in them come after this sequence number. */
  intentsAfter: whole,
  totals: Type.Array(
    Type.Object({
      /** Name of the policy object. */
      policy: Type.String(),
      reason: Type.Enum([...DELETE_REASONS]),
      count: whole,
      bytes: whole,
      /** When the last of them was deleted, Unix ms. */
      lastMs: Type.Integer(),
    }),
    { maxItems: MAX_POLICY_SUMS },
  ),
});
/** Totals as they are stored. */
export type SavedTotals = Readonly<Static<typeof SavedTotalsSchema>>;

/** What was deleted for one policy object and one reason. */
export type DeletionTotal = Readonly<SavedTotals['totals'][number]>;

/** Sums over all deletions since the state directory was made. */
export interface DeletionTotals {
  /** By policy object and reason; of more than {@link MAX_POLICY_SUMS}, those that deleted last. */
  current(): readonly DeletionTotal[];
  /**
   * Stores them when they have changed. Until then the audit log has what is missing.
   *
   * @throws AppError `CW_ERR_STATE_UNWRITABLE`, retryable
   */
  save(): void;
}

/** Entries of the audit log that are read at once. */
const PAGE = 5_000;

/**
 * Counts the deletions that an audit log has outcomes for, over restarts. Nothing is stored with a deletion: at the start,
 * those since the totals were last stored are counted from the log. None is counted twice, and none is left out whose entries
 * are still in the log.
 *
 * @returns the log to write through from now on, and the totals
 */
export function countDeletions(
  log: AuditLog,
  stored: Stored<SavedTotals>,
  clock: Pick<Clock, 'nowMs'>,
): { readonly audit: AuditLog; readonly totals: DeletionTotals } {
  const saved = stored.load() ?? { seq: 0, intentsAfter: 0, totals: [] };
  /** In the order of their last deletion. */
  const totals = new Map(
    saved.totals.toSorted((a, b) => a.lastMs - b.lastMs).map((total) => [policySumKey(total), total]),
  );
  let savedSeq = saved.seq;

  function count({ rule, reason, bytes }: AuditIntent, lastMs: number): void {
    const policy = policyOfRule(rule);
    const key = policySumKey({ policy, reason });
    const before = totals.get(key) ?? { count: 0, bytes: 0 };
    totals.delete(key);
    totals.set(key, { policy, reason, count: before.count + 1, bytes: before.bytes + bytes, lastMs });
    const [oldest] = totals.keys();
    if (totals.size > MAX_POLICY_SUMS && oldest !== undefined) totals.delete(oldest);
  }

  function catchUp(): void {
    const open = new Map<number, IntentEntry>();
    for (let after = saved.intentsAfter; ; ) {
      const entries = log.read({ after, limit: PAGE });
      for (const entry of entries) {
        if (entry.kind === 'intent') {
          open.set(entry.seq, entry);
          continue;
        }
        const intent = open.get(entry.intent);
        open.delete(entry.intent);
        const isNew = entry.seq > saved.seq && entry.result === 'deleted';
        if (isNew && intent !== undefined) count(intent, Date.parse(entry.time));
      }
      const last = entries.at(-1);
      if (last === undefined) return;
      after = last.seq;
    }
  }

  // A log that ends before what was stored was lost since then, or a part of it: what it has must not be counted again.
  if (log.lastSeq > saved.seq) catchUp();

  const audit: AuditLog = {
    append: (intents) => log.append(intents),
    appendOutcomes(outcomes) {
      const pending = new Map(log.pendingIntents().map((intent) => [intent.seq, intent]));
      log.appendOutcomes(outcomes);
      for (const { intent: seq, result } of outcomes) {
        const intent = pending.get(seq);
        if (result === 'deleted' && intent !== undefined) count(intent, clock.nowMs());
      }
    },
    flush: () => log.flush(),
    get lastSeq() {
      return log.lastSeq;
    },
    pendingIntents: () => log.pendingIntents(),
    read: (query) => log.read(query),
    close: () => log.close(),
  };
  return {
    audit,
    totals: {
      current: () => inOrder([...totals.values()]),
      save() {
        const seq = log.lastSeq;
        if (seq === savedSeq) return;
        // Outcomes that a power cut took from the log would be settled, and counted, a second time.
        log.flush();
        const firstOpen = log
          .pendingIntents()
          .reduce((first, intent) => Math.min(first, intent.seq), seq + 1);
        stored.save({ seq, intentsAfter: firstOpen - 1, totals: [...totals.values()] });
        savedSeq = seq;
      },
    },
  };
}

/** The totals' file in a state directory. A damaged one is set aside, and the audit log is counted anew. */
export function totalsFile(stateDirPath: string, handling: DamageHandling): Stored<SavedTotals> {
  const problemsOf = checkOf(SavedTotalsSchema);
  const isSavedTotals = (value: unknown): value is SavedTotals => problemsOf(value).length === 0;
  return storedFile(join(stateDirPath, 'deletion-totals.json'), isSavedTotals, handling);
}
