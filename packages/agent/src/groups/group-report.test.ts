import { MAX_NEWEST } from '@checkpoint-warden/api';
import { ruleHashAlone } from '@checkpoint-warden/api/testing/rule-hash-alone';
import { manualClock } from '@checkpoint-warden/kit/testing';
import type { Archive, Policy } from '@checkpoint-warden/policy';
import { makeArchive, makeRule } from '@checkpoint-warden/policy/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { createGroupReporter, type GroupReport, type GroupReporter } from './group-report.ts';

const NOW_MS = Date.UTC(2026, 0, 2);
const RULE = makeRule({
  groups: [
    { level: 'container', maxCount: 2 },
    { level: 'namespace', maxTotalBytes: 100 },
  ],
});
const POLICY: Policy = { rules: [RULE] };
const APP = 'shop/web-0/app';

/** What the reporter sees of an inventory, and how often it has looked. */
const inventory = {
  revision: 0,
  arrivalsRevision: 0,
  arrived: new Set<string>(),
  rules: new Map<string, ReadonlySet<string>>(),
  content: [] as Archive[],
  looks: 0,
  archives(): Archive[] {
    inventory.looks++;
    return inventory.content;
  },
  arrivedUnder: (group: string): ReadonlySet<string> => inventory.rules.get(group) ?? new Set(),
};
let clock: ReturnType<typeof manualClock>;
let reporter: GroupReporter;

/** An archive of a second before now, by default. */
const archive = (name: string, facts: Partial<Archive> & { owner?: never } = {}, owner = APP): Archive => ({
  ...makeArchive(name, 0, { owner }),
  createdAtMs: NOW_MS - 1_000,
  mtimeMs: NOW_MS - 1_000,
  ...facts,
});

beforeEach(() => {
  clock = manualClock(NOW_MS);
  Object.assign(inventory, {
    revision: 0,
    arrivalsRevision: 0,
    arrived: new Set(),
    rules: new Map(),
    looks: 0,
  });
  inventory.content = [archive('a'), archive('b'), archive('c'), archive('d', {}, 'shop/db-0/pg')];
  reporter = createGroupReporter({ inventory, clock, hashOf: (_, rule) => ruleHashAlone(rule) });
});

function see(...content: Archive[]): void {
  inventory.content = content;
  inventory.revision++;
}

const report = (policy = POLICY): GroupReport => reporter.under(policy);
const versionOf = (group: string): string | undefined => report().find(group, ruleHashAlone(RULE))?.version;

describe('the report of groups', () => {
  it('has the figures of each, and the newest archives that its limits can use', () => {
    expect(report().groups).toMatchObject([
      { group: APP, rule: ruleHashAlone(RULE), count: 3, bytes: 3, newest: [{}, {}] },
      { group: 'shop', count: 4, bytes: 4, newest: [{}, {}, {}, {}] },
      { group: 'shop/db-0/pg', count: 1, bytes: 1, newest: [{}] },
    ]);
    expect(report().find('shop', ruleHashAlone(makeRule()))).toBeUndefined();
  });

  it('has no version where there is no group', () => {
    expect(report({ rules: [makeRule({ ...RULE, scope: 'Node' })] })).toMatchObject({
      version: undefined,
      groups: [],
    });
  });

  it('names no more archives than a message may have', () => {
    see(...Array.from({ length: MAX_NEWEST + 1 }, (_, index) => archive(`a${index}`, { sizeBytes: 0 })));
    const found = report().find('shop', ruleHashAlone(RULE));
    expect([found?.count, found?.newest.length]).toEqual([MAX_NEWEST + 1, MAX_NEWEST]);
  });

  it('is due where something has arrived under this very rule, in the group and the narrower ones', () => {
    inventory.arrived.add('shop');
    inventory.rules.set(APP, new Set(['0', ruleHashAlone(RULE)]));
    inventory.rules.set('shop/db-0/pg', new Set(['0']));
    expect(report().groups.map(({ group, due }) => [group, due])).toEqual([
      [APP, [APP]],
      ['shop', ['shop', APP]],
      ['shop/db-0/pg', []],
    ]);
  });
});

describe('the version of a group', () => {
  const a = archive('a', { createdAtMs: NOW_MS - 1 });
  const b = archive('b', { createdAtMs: NOW_MS - 2 });
  const old = archive('o', { createdAtMs: NOW_MS - 3 });

  it.each<[string, Archive[]]>([
    ['another archive', [a, b, archive('c', { createdAtMs: NOW_MS - 1 })]],
    ['another size', [a, { ...b, sizeBytes: 2 }]],
    ['another mtime', [a, { ...b, mtimeMs: NOW_MS - 7 }]],
    ['another time', [a, { ...b, createdAtMs: NOW_MS - 3 }]],
    ['one that was pinned', [a, { ...b, pinned: true }]],
  ])('is another one for %s among the newest', (_, changed) => {
    see(a, b);
    const before = versionOf(APP);
    see(...changed);
    expect(versionOf(APP)).not.toBe(before);
  });

  it('is the same as long as the newest are, and that of all is another one with the figures', () => {
    see(a, b);
    const before = [versionOf(APP), report().version];
    see(b, a, old);
    expect(versionOf(APP)).toBe(before[0]);
    expect(report().version).not.toBe(before[1]);
    see(a, b);
    expect([versionOf(APP), report().version]).toEqual(before);
  });

  it('is another one with what is due, and the same when an arrival is used up', () => {
    const quiet = versionOf(APP);
    inventory.arrived.add(APP);
    inventory.arrivalsRevision++;
    const arrived = versionOf(APP);
    expect(arrived).not.toBe(quiet);
    inventory.arrived.clear();
    inventory.rules.set(APP, new Set([ruleHashAlone(RULE)]));
    inventory.arrivalsRevision++;
    expect(versionOf(APP)).toBe(arrived);
  });
});

describe('the reporter', () => {
  it('looks at the archives once, as long as nothing changes', () => {
    const first = report();
    clock.advance(86_400_000);
    expect(report()).toBe(first);
    expect(inventory.looks).toBe(1);
  });

  it.each<[string, () => Policy]>([
    [
      'the archives',
      () => {
        inventory.revision++;
        return POLICY;
      },
    ],
    [
      'the arrivals',
      () => {
        inventory.arrivalsRevision++;
        return POLICY;
      },
    ],
    ['the policy', () => ({ ...POLICY })],
  ])('looks again when %s are others', (_, change) => {
    report();
    report(change());
    expect(inventory.looks).toBe(2);
  });

  it('looks again when the time of an archive has come, and when the clock goes back before it', () => {
    const future = archive('f', { createdAtMs: NOW_MS + 1_000, mtimeMs: NOW_MS - 5_000 });
    const none = archive('n', { createdAtMs: NOW_MS + 3_000, mtimeMs: NOW_MS + 2_000 });
    see(archive('a'), future, none);
    const timesOf = () =>
      report()
        .find(APP, ruleHashAlone(RULE))
        ?.newest.map(({ archive: { name }, timeMs }) => [name, timeMs - NOW_MS]);
    expect(timesOf()).toEqual([
      ['a', -1_000],
      ['f', -5_000],
    ]);
    clock.advance(999);
    timesOf();
    expect(inventory.looks).toBe(1);
    clock.advance(1);
    expect(timesOf()).toEqual([
      ['f', 1_000],
      ['a', -1_000],
    ]);
    clock.advance(1_000);
    expect(timesOf()).toEqual([
      ['n', 2_000],
      ['f', 1_000],
    ]);
    clock.advance(1_000);
    expect(timesOf()).toEqual([
      ['n', 3_000],
      ['f', 1_000],
    ]);
    expect(inventory.looks).toBe(4);
    clock.setWall(NOW_MS + 2_500);
    expect(timesOf()).toEqual([
      ['n', 2_000],
      ['f', 1_000],
    ]);
  });
});
