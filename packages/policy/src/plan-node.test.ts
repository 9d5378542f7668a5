import { describe, expect, it } from 'vitest';
import { planRetention } from './plan-retention.ts';
import { makeArchive, makePlanInput, makeRule, NOW_MS } from './testing.ts';
import type { Archive, NodeRule, Plan, PlanInput } from './types.ts';

const DISK = { sizeBytes: 100, availBytes: 50 };

function planNode(
  archives: readonly Archive[],
  node: Partial<NodeRule>,
  { keepLast = 0, ...facts }: Partial<PlanInput> & { keepLast?: number } = {},
): Plan {
  const rules = [makeRule({ keepLast })];
  const policy = { rules, node: { id: 'test/nodePolicy', mode: 'Enforce' as const, ...node } };
  return planRetention(makePlanInput(archives, { disk: DISK, policy, ...facts }));
}

const lines = ({ verdicts }: Plan): string[] =>
  verdicts.map(({ archive, reason }) => `${archive.name}: ${reason}`);
const evicted = ({ verdicts }: Plan): string[] =>
  verdicts.filter(({ action }) => action === 'delete').map(({ archive }) => archive.name);

describe('an incomplete leftover', () => {
  const leftover = makeArchive('i', 9, { state: 'incomplete', owner: null });

  it('is abandoned once it has not changed for longer than the limit', () => {
    expect(lines(planNode([leftover], { maxIncompleteAgeMs: 8 }))).toEqual(['i: abandoned']);
    expect(lines(planNode([leftover], { maxIncompleteAgeMs: 9 }))).toEqual(['i: incomplete']);
  });

  it('is judged by its mtime, not by its name', () => {
    const changed = { ...leftover, mtimeMs: NOW_MS - 1 };
    expect(lines(planNode([changed], { maxIncompleteAgeMs: 8 }))).toEqual(['i: incomplete']);
  });

  it.each([undefined, 0])('is kept for ever where the limit is %j', (maxIncompleteAgeMs) => {
    expect(lines(planNode([leftover], { maxIncompleteAgeMs }))).toEqual(['i: incomplete']);
  });

  it('is not abandoned while pinned or still being written', () => {
    const archives = [
      { ...leftover, name: 'p', pinned: true },
      { ...leftover, name: 'w', state: 'writing' as const },
    ];
    expect(lines(planNode(archives, { maxIncompleteAgeMs: 8 }))).toEqual(['p: pinned', 'w: writing']);
  });

  it('is abandoned also where nothing is said of the disk, under the node rule and in its mode', () => {
    const plan = planNode([leftover], { maxIncompleteAgeMs: 8, mode: 'Audit' }, { disk: undefined });
    expect(plan.verdicts[0]).toMatchObject({
      reason: 'abandoned',
      mode: 'Audit',
      rule: { id: 'test/nodePolicy' },
    });
  });
});

describe('the node’s total size', () => {
  it('counts pinned, unattributed, incomplete and unfinished archives', () => {
    const archives = [
      makeArchive('p', 1, { pinned: true, sizeBytes: 10 }),
      makeArchive('u', 1, { owner: null, sizeBytes: 10 }),
      makeArchive('w', 1, { state: 'writing', sizeBytes: 10 }),
      makeArchive('a', 1, { sizeBytes: 10 }),
      makeArchive('b', 2, { sizeBytes: 10 }),
    ];
    expect(evicted(planNode(archives, { maxTotalBytes: 50 }))).toEqual([]);
    expect(evicted(planNode(archives, { maxTotalBytes: 40 }))).toEqual(['b']);
  });

  it('does not count archives on other nodes', () => {
    const remote = [makeArchive('r', 0, { node: 'node-2', sizeBytes: 99 })];
    expect(evicted(planNode([makeArchive('a', 1)], { maxTotalBytes: 5 }, { remote }))).toEqual([]);
  });

  it('is left alone where nothing is said of the disk, and where it is 0 or unset', () => {
    const archives = [makeArchive('a', 1, { sizeBytes: 9 })];
    expect(evicted(planNode(archives, { maxTotalBytes: 5 }, { disk: undefined }))).toEqual([]);
    expect(evicted(planNode(archives, { maxTotalBytes: 0 }))).toEqual([]);
    expect(evicted(planNode(archives, {}))).toEqual([]);
  });

  it('counts what other rules delete in this pass as gone', () => {
    const archives = [makeArchive('a', 1, { sizeBytes: 5 }), makeArchive('b', 9, { sizeBytes: 5 })];
    const policy = {
      rules: [makeRule({ maxAgeMs: 5 })],
      node: { id: 'test/nodePolicy', mode: 'Enforce' as const, maxTotalBytes: 5 },
    };
    expect(lines(planNode(archives, {}, { policy }))).toEqual(['a: within-limits', 'b: expired']);
  });

  it('says by how much it is missed when pins stand against it', () => {
    const archives = [makeArchive('p', 1, { pinned: true, sizeBytes: 9 }), makeArchive('a', 1)];
    expect(planNode(archives, { maxTotalBytes: 5 })).toMatchObject({
      verdicts: [{ reason: 'pinned' }, { reason: 'over-node-size' }],
      unreachable: [{ limit: 'nodeMaxTotalSize', rule: 'test/nodePolicy', mode: 'Enforce', excess: 4 }],
    });
  });
});

describe('free space', () => {
  const archives = [0, 1, 2, 3].map((age) => makeArchive('abcd'.charAt(age), age, { sizeBytes: 10 }));

  it.each<[string, NodeRule['minFree'], string[]]>([
    ['wanted in bytes is there', { bytes: 50 }, []],
    ['wanted in percent is there', { percent: 50 }, []],
    ['in bytes is short', { bytes: 51 }, ['d']],
    ['in percent is short', { percent: 51 }, ['d']],
    ['just reached would be short again with the next archive', { bytes: 60 }, ['c', 'd']],
    ['is not wanted', { bytes: 0 }, []],
  ])('%s', (_, minFree, expected) => {
    const plan = planNode(archives, { minFree });
    expect(evicted(plan)).toEqual(expected);
    expect(plan.unreachable).toEqual([]);
    for (const { action, reason } of plan.verdicts) {
      expect(reason).toBe(action === 'delete' ? 'low-free-space' : 'within-limits');
    }
  });

  it('includes what other deletions of this pass free', () => {
    const old = makeArchive('i', 99, { state: 'incomplete', sizeBytes: 10 });
    const plan = planNode([...archives, old], { minFree: { bytes: 60 }, maxIncompleteAgeMs: 50 });
    expect(evicted(plan)).toEqual(['i']);
  });

  it('says by how much it is missed when nothing more may go', () => {
    const plan = planNode(archives, { minFree: { bytes: 95 } });
    expect(evicted(plan)).toEqual(['a', 'b', 'c', 'd']);
    expect(plan.unreachable).toEqual([
      { limit: 'minFreeSpace', rule: 'test/nodePolicy', mode: 'Enforce', excess: 5 },
    ]);
  });

  it('is not missed where only the margin above it cannot be reached', () => {
    expect(planNode(archives, { minFree: { bytes: 90 } }).unreachable).toEqual([]);
  });

  it('gives its reason only after the total size holds', () => {
    const plan = planNode(archives, { minFree: { bytes: 70 }, maxTotalBytes: 30 });
    expect(lines(plan)).toEqual([
      'a: within-limits',
      'b: low-free-space',
      'c: low-free-space',
      'd: over-node-size',
    ]);
  });
});

describe('evictions', () => {
  it('take incomplete leftovers first, the one unchanged for longest before the others', () => {
    const archives = [
      makeArchive('a', 90, { sizeBytes: 10 }),
      makeArchive('i', 5, { state: 'incomplete', sizeBytes: 10 }),
      makeArchive('j', 3, { state: 'incomplete', mtimeMs: NOW_MS - 30, sizeBytes: 10, owner: null }),
    ];
    expect(evicted(planNode(archives, { maxTotalBytes: 20 }))).toEqual(['j']);
    expect(evicted(planNode(archives, { maxTotalBytes: 10 }))).toEqual(['i', 'j']);
  });

  it('then the oldest of the namespace that uses most, looked at anew after each', () => {
    const archives = [
      makeArchive('a', 1, { owner: 'big/p/c', sizeBytes: 6 }),
      makeArchive('b', 2, { owner: 'big/p/c', sizeBytes: 6 }),
      makeArchive('c', 80, { owner: 'small/p/c', sizeBytes: 4 }),
      makeArchive('d', 90, { owner: 'small/p/c', sizeBytes: 4 }),
    ];
    expect(evicted(planNode(archives, { maxTotalBytes: 19 }))).toEqual(['b']);
    expect(evicted(planNode(archives, { maxTotalBytes: 10 }))).toEqual(['b', 'd']);
    expect(evicted(planNode(archives, { maxTotalBytes: 9 }))).toEqual(['a', 'b', 'd']);
  });

  it('count all that is left of a namespace as its use, also what may not go', () => {
    const archives = [
      makeArchive('p', 1, { owner: 'pins/p/c', pinned: true, sizeBytes: 9 }),
      makeArchive('a', 1, { owner: 'pins/p/c', sizeBytes: 1 }),
      makeArchive('b', 90, { owner: 'others/p/c', sizeBytes: 5 }),
    ];
    expect(evicted(planNode(archives, { maxTotalBytes: 14 }))).toEqual(['a']);
  });

  it('no longer count an evicted leftover as use of its namespace', () => {
    const archives = [
      makeArchive('i', 1, { owner: 'leftovers/p/c', state: 'incomplete', sizeBytes: 9 }),
      makeArchive('a', 1, { owner: 'leftovers/p/c', sizeBytes: 2 }),
      makeArchive('b', 1, { owner: 'others/p/c', sizeBytes: 5 }),
    ];
    expect(evicted(planNode(archives, { maxTotalBytes: 6 }))).toEqual(['i', 'b']);
  });

  it('pass over a namespace in which nothing may go', () => {
    const archives = [
      makeArchive('p', 1, { owner: 'pins/p/c', pinned: true, sizeBytes: 9 }),
      makeArchive('b', 2, { owner: 'others/p/c', sizeBytes: 5 }),
    ];
    expect(evicted(planNode(archives, { maxTotalBytes: 10 }))).toEqual(['b']);
  });

  it('go by name where namespaces use the same, and by code unit', () => {
    const archives = ['b', 'a', 'a-b'].map((name) =>
      makeArchive(name, 1, { owner: `${name}/p/c`, sizeBytes: 5 }),
    );
    expect(evicted(planNode(archives, { maxTotalBytes: 10 }))).toEqual(['a']);
    expect(evicted(planNode(archives, { maxTotalBytes: 5 }))).toEqual(['a', 'a-b']);
  });

  it('never take what is under keepLast, wherever the newest lie', () => {
    const archives = [makeArchive('a', 1, { sizeBytes: 5 }), makeArchive('b', 2, { sizeBytes: 5 })];
    expect(evicted(planNode(archives, { maxTotalBytes: 1 }, { keepLast: 1 }))).toEqual(['b']);
    const remote = [makeArchive('r', 0, { node: 'node-2' })];
    expect(evicted(planNode(archives, { maxTotalBytes: 1 }, { keepLast: 1, remote }))).toEqual(['a', 'b']);
  });

  it('take also what no rule governs', () => {
    const policy = { rules: [], node: { id: 'test/nodePolicy', mode: 'Enforce' as const, maxTotalBytes: 5 } };
    expect(evicted(planNode([makeArchive('a', 1, { sizeBytes: 9 })], {}, { policy }))).toEqual(['a']);
  });

  it('take no archive from the future', () => {
    expect(lines(planNode([makeArchive('f', -1, { sizeBytes: 9 })], { maxTotalBytes: 5 }))).toEqual([
      'f: unattributed',
    ]);
  });

  it('need no arrival and no trusted clock', () => {
    const facts = { due: new Set<string>(), clockTrusted: false };
    expect(evicted(planNode([makeArchive('a', 1, { sizeBytes: 9 })], { maxTotalBytes: 5 }, facts))).toEqual([
      'a',
    ]);
  });
});
