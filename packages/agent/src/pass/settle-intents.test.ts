import { describe, expect, it } from 'vitest';
import { fileIdKey } from '../archive/file-id.ts';
import type { AuditOutcome, IntentEntry } from '../state/audit-entry.ts';
import { memoryArchiveStore } from '../testing/memory-archive-store.ts';
import { settleIntents } from './settle-intents.ts';

const NAME = 'checkpoint-web-0_shop-app-2026-01-01T00:00:01Z.tar';
const CONTENT = { structure: 'complete', sizeBytes: 1, mtimeMs: 1 } as const;

/** A store with one archive, and an audit log in which its deletion was cut off. */
function cutOff() {
  const store = memoryArchiveStore();
  store.put(NAME, CONTENT);
  const fileId = store.files.get(NAME)?.fileId;
  if (fileId === undefined) throw new Error('not there');
  const pending = [{ seq: 7, archive: NAME, fileId: fileIdKey(fileId) } as IntentEntry];
  const outcomes: AuditOutcome[] = [];
  const audit = {
    pendingIntents: () => pending,
    appendOutcomes: (each: readonly AuditOutcome[]) => void outcomes.push(...each),
  };
  return { store, audit, outcomes };
}

describe('settleIntents', () => {
  it.each([
    ['is still there', 'failed', () => {}],
    ['is gone', 'deleted', (store) => store.erase(NAME)],
    ['was written to meanwhile', 'changed', (store) => store.rewrite(NAME, { ...CONTENT, mtimeMs: 2 })],
    ['is gone and another has its name', 'deleted', (store) => store.put(NAME, CONTENT)],
  ] as [string, string, (store: ReturnType<typeof memoryArchiveStore>) => void][])(
    'takes an archive that %s for %s',
    (_, result, change) => {
      const { store, audit, outcomes } = cutOff();
      change(store);
      expect(settleIntents(audit, store)).toBe(1);
      expect(outcomes).toMatchObject([{ intent: 7, result }]);
    },
  );

  it('leaves open what cannot be looked at or taken down', () => {
    const { store, audit, outcomes } = cutOff();
    store.faults.archives.add(NAME);
    expect(settleIntents(audit, store)).toBe(0);
    store.faults.archives.clear();
    const broken = {
      ...audit,
      appendOutcomes() {
        throw new Error('ENOSPC');
      },
    };
    expect(settleIntents(broken, store)).toBe(0);
    expect(outcomes).toEqual([]);
  });
});
