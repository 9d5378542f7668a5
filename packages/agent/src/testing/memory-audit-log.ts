import type { Clock } from '@checkpoint-warden/kit';
import type { AuditEntry, AuditIntent, AuditOutcome, IntentEntry } from '../state/audit-entry.ts';
import type { AuditLog } from '../state/audit-log.ts';

/** The in-memory port of {@link AuditLog}, which outlives the agent that writes to it. */
export function memoryAuditLog(clock: Pick<Clock, 'nowMs'>): AuditLog {
  const entries: AuditEntry[] = [];
  const pending = new Map<number, IntentEntry>();
  const recorded = () => ({ seq: entries.length + 1, time: new Date(clock.nowMs()).toISOString() });
  return {
    append: (intents) =>
      intents.map((intent: AuditIntent) => {
        const entry: IntentEntry = { ...recorded(), kind: 'intent', ...intent };
        entries.push(entry);
        pending.set(entry.seq, entry);
        return entry.seq;
      }),
    appendOutcomes(outcomes: readonly AuditOutcome[]) {
      for (const outcome of outcomes) {
        entries.push({ ...recorded(), kind: 'outcome', ...outcome });
        pending.delete(outcome.intent);
      }
    },
    flush() {},
    get lastSeq() {
      return entries.length;
    },
    pendingIntents: () => [...pending.values()],
    read: ({ after, limit }) =>
      entries
        .slice(after, after + limit)
        .map((entry) =>
          entry.kind === 'intent' && pending.has(entry.seq) ? { ...entry, outcome: 'unknown' } : entry,
        ),
    close() {},
  };
}
