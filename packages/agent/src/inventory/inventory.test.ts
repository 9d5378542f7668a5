import { describe, expect, it } from 'vitest';
import type { ArchiveReading } from '../archive/archive-reading.ts';
import type { ListedFile } from '../archive/archive-store.ts';
import { type MapMemory, mapMemory } from '../testing/map-memory.ts';
import { createInventory } from './inventory.ts';

const NAME = 'checkpoint-web-0_shop-app-2026-01-01T00:00:01Z.tar';
const OWNER = { namespace: 'shop', pod: 'web-0', container: 'app' };
const GROUPS = ['shop/web-0/app', 'shop/web-0', 'shop'];
const QUIET_MS = 1_000;
const NONE = new Map<string, Set<string>>();
const R = new Set(['r']);

/** A memory that is there from the start. */
function memory(): MapMemory {
  const made = mapMemory();
  made.open().saveClock(0);
  return made;
}

function file(facts: Partial<ListedFile['fileId']> & { pinned?: boolean } = {}): ListedFile {
  const { pinned = false, ...id } = facts;
  return { name: NAME, pinned, fileId: { dev: 1n, ino: 1n, size: 100n, mtimeNs: 1_000_000n, ...id } };
}

function reading(structure: ArchiveReading['structure'], settled = true): ArchiveReading {
  const facts = { why: '', fileId: undefined, bytesRead: 0, settled };
  return structure === 'complete'
    ? { ...facts, structure, owner: OWNER, trailingBytes: 0 }
    : { ...facts, structure };
}

const complete = () => reading('complete');
const incomplete = () => reading('incomplete');
const mustNotRead = (): never => {
  throw new Error('it was read again');
};

/** A reader that counts how often it is asked. */
function counting(made: () => ArchiveReading) {
  const counter = {
    reads: 0,
    read(): ArchiveReading {
      counter.reads++;
      return made();
    },
  };
  return counter;
}

function started(store = memory()) {
  return createInventory({ node: 'n', quietPeriodMs: QUIET_MS, memory: store.open() });
}

describe('createInventory', () => {
  it('reads an archive once, and again when the file is another', () => {
    const inventory = started();
    inventory.see(file(), complete, 0);
    inventory.see(file(), mustNotRead, 1);
    const counted = counting(complete);
    for (const change of [{ ino: 2n }, { ino: 2n, size: 1n }, { ino: 2n, size: 1n, mtimeNs: 5n }]) {
      inventory.see(file(change), counted.read, 2);
    }
    expect(counted.reads).toBe(3);
  });

  it('reads again what was not settled, and what is not complete until it has been quiet', () => {
    const inventory = started();
    const unsettled = counting(() => reading('incomplete', false));
    const open = counting(incomplete);
    inventory.see(file(), unsettled.read, 0);
    inventory.see(file(), open.read, 1);
    inventory.see(file(), open.read, QUIET_MS - 1);
    expect(inventory.get(NAME)?.archive.state).toBe('writing');
    inventory.see(file(), open.read, QUIET_MS);
    expect(inventory.get(NAME)?.archive.state).toBe('incomplete');
    expect([unsettled.reads, open.reads]).toEqual([1, 3]);
    inventory.see(file(), mustNotRead, QUIET_MS + 1);
  });

  it('saves due groups before the archive that made them due, so that half a write forgets no arrival', () => {
    const saved: string[] = [];
    const store = memory().open();
    const inventory = createInventory({
      node: 'n',
      quietPeriodMs: QUIET_MS,
      memory: { ...store, save: (changes) => void saved.push(...changes.map(({ kind }) => kind)) },
    });
    inventory.see(file(), incomplete, 0);
    inventory.see(file({ size: 101n }), complete, 1);
    inventory.save();
    expect(saved).toEqual(['due', 'due', 'due', 'archive']);
  });

  it('takes for no leftover what could not be read undisturbed, however long the file has not changed', () => {
    const inventory = started();
    inventory.see(file(), () => reading('incomplete', false), 0);
    inventory.see(file(), () => reading('incomplete', false), 2 * QUIET_MS);
    expect(inventory.get(NAME)?.archive.state).toBe('writing');
  });

  it('starts the quiet period anew with every change', () => {
    const inventory = started();
    inventory.see(file(), incomplete, 0);
    inventory.see(file({ size: 101n }), incomplete, QUIET_MS - 1);
    inventory.see(file({ size: 101n }), incomplete, QUIET_MS + 1);
    expect(inventory.get(NAME)?.archive.state).toBe('writing');
  });

  it('makes unattributed, not incomplete, what it cannot judge', () => {
    const inventory = started();
    const unreadable = () => reading('unreadable');
    inventory.see(file(), unreadable, 0);
    expect(inventory.get(NAME)?.archive.state).toBe('writing');
    inventory.see(file(), unreadable, QUIET_MS);
    expect(inventory.get(NAME)?.archive).toMatchObject({ state: 'complete', owner: undefined });
  });

  it('notices an arrival once, in all three groups', () => {
    const inventory = started();
    expect(inventory.see(file(), complete, 0)).toEqual(GROUPS);
    expect(inventory.see(file(), complete, 1)).toEqual([]);
    expect([...inventory.due]).toEqual(GROUPS);
  });

  it('takes as an arrival what becomes complete, what is unpinned and what is replaced', () => {
    const inventory = started();
    expect(inventory.see(file(), incomplete, 0)).toEqual([]);
    expect(inventory.see(file({ size: 200n }), complete, 1)).toEqual(GROUPS);
    expect(inventory.see(file({ size: 200n, pinned: true }), mustNotRead, 2)).toEqual([]);
    expect(inventory.see(file({ size: 200n }), mustNotRead, 3)).toEqual(GROUPS);
    expect(inventory.see(file({ ino: 9n }), complete, 4)).toEqual(GROUPS);
  });

  it('takes nothing of a first scan without memory as an arrival, and everything after it', () => {
    const inventory = started(mapMemory());
    expect(inventory.see(file(), complete, 0)).toEqual([]);
    inventory.retain(new Set([NAME]));
    expect(inventory.due.size).toBe(0);
    expect(inventory.see({ ...file({ ino: 7n }) }, complete, 1)).toEqual(GROUPS);
  });

  it('remembers over a restart what it has read, what has arrived and what is due', () => {
    const store = memory();
    const before = started(store);
    before.see(file(), complete, 0);
    before.save();
    const after = started(store);
    expect(after.see(file(), mustNotRead, 0)).toEqual([]);
    expect([...after.due]).toEqual(GROUPS);
    after.settle(GROUPS, NONE);
    expect(after.due.size).toBe(0);
  });

  it('notices after a restart what has changed while it was down', () => {
    const store = memory();
    const before = started(store);
    before.see(file(), complete, 0);
    before.settle(GROUPS, NONE);
    before.save();
    expect(started(store).see(file({ mtimeNs: 2_000_000n }), complete, 0)).toEqual(GROUPS);
  });

  it('does not wait a quiet period again after a restart for what was quiet before', () => {
    const store = memory();
    const before = started(store);
    before.see(file(), incomplete, 0);
    before.see(file(), incomplete, QUIET_MS);
    before.save();
    const after = started(store);
    after.see(file(), mustNotRead, 0);
    expect(after.get(NAME)?.archive.state).toBe('incomplete');
  });

  it('makes unattributed what cannot be looked at, and takes it as before once it can, without an arrival', () => {
    const inventory = started();
    inventory.see(file(), complete, 0);
    inventory.doubt(NAME);
    expect(inventory.get(NAME)?.archive).toMatchObject({ state: 'complete', owner: undefined });
    expect(inventory.archives(new Set(['shop']))).toEqual([]);
    expect(inventory.inDoubt()).toEqual([OWNER]);
    expect(inventory.see(file(), mustNotRead, 1)).toEqual([]);
    expect(inventory.inDoubt()).toEqual([]);
    expect(inventory.get(NAME)?.archive.owner).toEqual(OWNER);
    expect(inventory.archives(new Set(['shop']))).toHaveLength(1);
  });

  it('is in doubt about what it remembers and could not look at since the restart', () => {
    const store = memory();
    const before = started(store);
    before.see(file(), complete, 0);
    before.save();
    const after = started(store);
    after.retain(new Set([NAME]));
    expect(after.inDoubt()).toEqual([OWNER]);
    after.retain(new Set());
    expect(after.inDoubt()).toEqual([]);
  });

  it('forgets what is not there any more, in memory too', () => {
    const store = memory();
    const inventory = started(store);
    inventory.see(file(), complete, 0);
    inventory.save();
    inventory.retain(new Set());
    inventory.save();
    expect(inventory.archives()).toEqual([]);
    expect(inventory.archives(new Set(['shop']))).toEqual([]);
    expect(store.open().recalled?.archives.size).toBe(0);
  });

  it('forgets after a restart what went while it was down', () => {
    const store = memory();
    const before = started(store);
    before.see(file(), complete, 0);
    before.save();
    const inventory = started(store);
    inventory.retain(new Set());
    inventory.save();
    expect(store.open().recalled?.archives.size).toBe(0);
  });

  it('changes its revision exactly when the planner would see something else', () => {
    const inventory = started();
    const revisions = [inventory.revision];
    const note = () => void revisions.push(inventory.revision);
    inventory.see(file(), complete, 0);
    note();
    inventory.see(file(), complete, 1);
    note();
    inventory.see(file({ pinned: true }), complete, 2);
    note();
    inventory.forget(NAME);
    note();
    inventory.forget(NAME);
    note();
    expect(revisions).toEqual([0, 1, 1, 2, 3, 3]);
  });

  it('gives the archives of the namespaces asked for', () => {
    const inventory = started();
    inventory.see(file(), complete, 0);
    expect(inventory.archives(new Set(['shop'])).map(({ name }) => name)).toEqual([NAME]);
    expect(inventory.archives(new Set(['sho', 'other']))).toEqual([]);
  });

  describe('a group that stays due', () => {
    /** With an arrival in all groups that is used up; one of them is still due. */
    function leftOver(store: MapMemory) {
      const inventory = started(store);
      inventory.see(file(), complete, 0);
      inventory.settle(GROUPS, new Map([['shop', R]]));
      inventory.save();
      return inventory;
    }

    it('is one in which nothing has arrived since, over a restart too, until it is settled', () => {
      const store = memory();
      leftOver(store);
      const after = started(store);
      expect([[...after.arrived], [...after.due]]).toEqual([[], ['shop']]);
      after.settle(['shop/web-0'], NONE);
      expect([...after.due]).toEqual(['shop']);
      after.settle(['shop'], NONE);
      after.save();
      expect([...started(store).due]).toEqual([]);
    });

    it('is due no longer than a rule is in force under which it is, over a restart too', () => {
      const store = memory();
      const inventory = leftOver(store);
      inventory.forgetRules((group, rule) => group === 'shop' && rule === 'r');
      expect([...inventory.due]).toEqual(['shop']);
      inventory.forgetRules((_, rule) => rule !== 'r');
      expect([...inventory.due]).toEqual([]);
      inventory.save();
      expect([...started(store).due]).toEqual([]);
    });
  });

  describe('the rules under which something has arrived', () => {
    const rulesOf = (inventory: ReturnType<typeof started>) =>
      GROUPS.map((group) => [...inventory.arrivedUnder(group)]);

    it('are remembered over a restart, replaced by the next arrival, and nothing is due for them', () => {
      const store = memory();
      const before = started(store);
      before.see(file(), complete, 0);
      before.noteArrivals(new Map(GROUPS.map((group) => [group, R])));
      before.settle(GROUPS, NONE);
      before.save();
      const after = started(store);
      after.see(file(), mustNotRead, 0);
      after.retain(new Set([NAME]));
      expect(rulesOf(after)).toEqual([['r'], ['r'], ['r']]);
      expect(after.due.size).toBe(0);
      after.noteArrivals(
        new Map([
          ['shop', new Set(['s', 't'])],
          ['shop/web-0', new Set()],
        ]),
      );
      after.save();
      expect(rulesOf(started(store))).toEqual([['r'], [], ['s', 't']]);
    });

    it('are forgotten with the last archive of the group, here and in memory', () => {
      const store = memory();
      const inventory = started(store);
      inventory.see(file(), complete, 0);
      inventory.noteArrivals(
        new Map([
          ['shop', R],
          ['shop/web-0/app', R],
        ]),
      );
      inventory.save();
      inventory.doubt(NAME);
      inventory.retain(new Set([NAME]));
      expect(rulesOf(inventory)).toEqual([['r'], [], ['r']]);
      inventory.retain(new Set());
      expect(rulesOf(inventory)).toEqual([[], [], []]);
      inventory.save();
      expect(rulesOf(started(store))).toEqual([[], [], []]);
    });

    it('are forgotten after a restart where the last archive went while it was down, not where it cannot be looked at', () => {
      const store = memory();
      const before = started(store);
      before.see(file(), complete, 0);
      before.noteArrivals(new Map([['shop', R]]));
      before.save();
      const blind = started(store);
      blind.retain(new Set([NAME]));
      expect(rulesOf(blind)).toEqual([[], [], ['r']]);
      const empty = started(store);
      empty.retain(new Set());
      expect(rulesOf(empty)).toEqual([[], [], []]);
    });

    it('are forgotten when they are not in force any more, over a restart too, with no write when all are', () => {
      const saved: unknown[] = [];
      const store = memory();
      const open = store.open();
      const save = (changes: Parameters<typeof open.save>[0]): void => {
        saved.push(changes);
        open.save(changes);
      };
      const inventory = createInventory({ node: 'n', quietPeriodMs: QUIET_MS, memory: { ...open, save } });
      inventory.see(file(), complete, 0);
      inventory.noteArrivals(
        new Map([
          ['shop', new Set(['r', 's'])],
          ['shop/web-0', R],
        ]),
      );
      inventory.settle(GROUPS, NONE);
      inventory.save();
      const before = [saved.length, inventory.arrivalsRevision];
      inventory.forgetRules(() => true);
      inventory.save();
      expect([saved.length, inventory.arrivalsRevision]).toEqual(before);
      inventory.forgetRules((group, rule) => group === 'shop' && rule === 's');
      expect(rulesOf(inventory)).toEqual([[], [], ['s']]);
      expect(inventory.arrivalsRevision).not.toBe(before[1]);
      inventory.save();
      expect(rulesOf(started(store))).toEqual([[], [], ['s']]);
    });

    it('are saved before arrivals are used up, so that half a write forgets none', () => {
      const saved: string[] = [];
      const store = memory().open();
      const save = (changes: Parameters<typeof store.save>[0]): void =>
        void saved.push(
          ...changes.map(({ kind, value }) => `${kind} ${value === undefined ? 'less' : 'more'}`),
        );
      const inventory = createInventory({ node: 'n', quietPeriodMs: QUIET_MS, memory: { ...store, save } });
      inventory.see(file(), complete, 0);
      inventory.save();
      saved.length = 0;
      inventory.settle(GROUPS, NONE);
      inventory.noteArrivals(new Map([['shop', R]]));
      inventory.save();
      expect(saved).toEqual(['arrival more', 'due less', 'due less', 'due less']);
    });

    it('have a revision that changes with them and with what is due, and not otherwise', () => {
      const inventory = started();
      const revisions: number[] = [];
      const note = () => void revisions.push(inventory.arrivalsRevision);
      inventory.see(file(), complete, 0);
      note();
      inventory.see(file({ pinned: true }), mustNotRead, 0);
      note();
      inventory.noteArrivals(new Map([['shop', R]]));
      note();
      inventory.noteArrivals(new Map([['shop', new Set(R)]]));
      note();
      inventory.settle(['shop'], NONE);
      note();
      inventory.settle(['shop'], NONE);
      note();
      expect(revisions).toEqual([1, 1, 2, 2, 3, 3]);
    });
  });
});
