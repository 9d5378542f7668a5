import { describe, expect, it } from 'vitest';
import { explain } from './explain.ts';
import type { Explanation, PlanInput, Rule } from './index.ts';
import { planRetention } from './plan-retention.ts';
import { makeArchive, makePlanInput, makeRule } from './testing/make-plan-input.ts';

const MIB = 2 ** 20;
const HOUR_MS = 3_600_000;
const PER_CONTAINER = { groups: [{ level: 'container', maxCount: 2 }] } as const;

/** Five archives of shop/web-0/app, `a1` the newest. */
const series = [1, 2, 3, 4, 5].map((age) => makeArchive(`a${age}`, age * HOUR_MS, { sizeBytes: MIB }));

function explained(
  name: string,
  facts: Partial<PlanInput> & { rules?: readonly Partial<Rule>[] },
): Explanation {
  const { rules = [], ...input } = facts;
  const policy = { rules: rules.map((rule) => makeRule(rule)), ...(input.policy ?? {}) };
  const found = explain(makePlanInput(series, { ...input, policy }), name);
  if (found === undefined) throw new Error(`${name} is not there`);
  return found;
}

describe('explain', () => {
  it('knows nothing of an archive that is not there', () => {
    expect(explain(makePlanInput(series, {}), 'b')).toBeUndefined();
  });

  it('tells the verdict of the plan, whatever the archive', () => {
    const input = makePlanInput(series, { policy: { rules: [makeRule(PER_CONTAINER)] } });
    const verdicts = planRetention(input).verdicts;
    expect(series.map(({ name }) => explain(input, name)?.verdict)).toEqual(verdicts);
  });

  it('names the governing rule, the ones that lost and why', () => {
    const { governing, lost } = explained('a1', {
      rules: [
        { id: 'p/globalPolicy', level: 'global' },
        { id: 'p/podPolicies[0]', level: 'pod', namespace: 'shop', pod: 'web-*' },
        { id: 'p/podPolicies[1]', level: 'pod', namespace: 'shop', pod: 'web-0' },
        { id: 'q/podPolicies[0]', level: 'pod', namespace: 'shop', pod: 'web-0' },
        { id: 'p/podPolicies[2]', level: 'pod', namespace: 'other', pod: 'web-0' },
      ],
    });
    expect(governing?.id).toBe('p/podPolicies[1]');
    expect(lost.map(({ rule, why }) => [rule.id, why])).toEqual([
      ['q/podPolicies[0]', 'it is as specific but comes later'],
      ['p/podPolicies[0]', 'its names are less specific'],
      ['p/globalPolicy', 'a pod rule comes before a global rule'],
    ]);
  });

  it('tells for each limit of a group where the archive stands', () => {
    const rules = [{ groups: [{ level: 'container', maxCount: 4, maxTotalBytes: 2 * MIB }] }] as const;
    expect(explained('a2', { rules }).limits.map(({ calls, text }) => [calls, text])).toEqual([
      [false, 'container shop/web-0/app may have 4; 1 is newer than this one'],
      [false, 'container shop/web-0/app may take 2 MiB; this one and the newer ones take 2 MiB'],
    ]);
    expect(explained('a3', { rules }).limits.map(({ calls }) => calls)).toEqual([false, true]);
  });

  it('tells what age, size, orphans and keepLast say', () => {
    const rules = [
      {
        maxAgeMs: 3 * HOUR_MS,
        maxArchiveBytes: MIB / 2,
        retainOrphan: false,
        orphanGraceMs: 60_000,
        keepLast: 5,
      },
    ];
    const { limits, verdict } = explained('a4', {
      rules,
      ownerState: () => ({ state: 'absent', goneForMs: 1_000 }),
      clockTrusted: false,
    });
    expect(verdict.held?.by).toBe('keep-last');
    expect(limits.map(({ limit, calls }) => [limit, calls])).toEqual([
      ['retainOrphan', false],
      ['maxCheckpointAge', true],
      ['maxCheckpointSize', true],
      ['keepLast', true],
    ]);
    expect(limits.map(({ text }) => text).join('\n')).toMatch(
      /the owner is absent for 1s[\s\S]*withheld: the clock/,
    );
  });

  it('names the other nodes whose archives count', () => {
    const remote = [{ ...makeArchive('r', 0), node: 'node-9' }];
    expect(explained('a1', { rules: [PER_CONTAINER], remote }).otherNodes).toEqual(['node-9']);
  });

  it('says how much of what is newer lies on which other nodes', () => {
    const onNode = (node: string, count: number) =>
      Array.from({ length: count }, (_, index) => ({
        ...makeArchive(`${node}-${index}`, 0, { sizeBytes: MIB }),
        node,
      }));
    const rules = [
      { groups: [{ level: 'namespace', maxCount: 3, maxTotalBytes: 4 * MIB }] },
    ] as const satisfies readonly Partial<Rule>[];
    const textsOf = (remote: PlanInput['remote'] & object) =>
      explained('a3', { rules, remote }).limits.map(({ text }) => text);
    expect(textsOf(onNode('node-2', 2))).toEqual([
      'namespace shop may have 3; 4 are newer than this one (2 on node-2)',
      'namespace shop may take 4 MiB; this one and the newer ones take 5 MiB (2 MiB on node-2)',
    ]);
    const many = [1, 2, 3, 4, 5].flatMap((number) => onNode(`node-${number + 1}`, number));
    expect(textsOf(many)[0]).toBe(
      'namespace shop may have 3; 17 are newer than this one (5 on node-6, 4 on node-5, 3 on node-4, 3 on 2 more)',
    );
    expect(textsOf([{ ...makeArchive('r', 9 * HOUR_MS), node: 'node-2' }])[0]).toBe(
      'namespace shop may have 3; 2 are newer than this one',
    );
  });

  it('tells what the node’s own limits say, when the disk is known', () => {
    const node = {
      id: 'p/nodePolicy',
      mode: 'Enforce',
      maxTotalBytes: 4 * MIB,
      minFree: { percent: 10 },
    } as const;
    const { limits, verdict } = explained('a5', {
      policy: { rules: [], node },
      disk: { sizeBytes: 100 * MIB, availBytes: 50 * MIB },
    });
    expect(verdict.reason).toBe('over-node-size');
    expect(limits.map(({ limit, calls, text }) => [limit, calls, text])).toEqual([
      ['nodePolicy.maxTotalSize', true, "the node's archives may take 4 MiB; they take 5 MiB"],
      ['nodePolicy.minFreeSpace', false, '10 MiB are to be free on the filesystem; 50 MiB are'],
    ]);
  });

  it.each<[string, string, Partial<PlanInput> & { rules?: readonly Partial<Rule>[] }, RegExp]>([
    [
      'over-count',
      'a3',
      { rules: [PER_CONTAINER] },
      /pin it: .*\n.*raise the count limit of shop\/web-0\/app/,
    ],
    ['expired', 'a5', { rules: [{ maxAgeMs: HOUR_MS }] }, /raise or drop the age limit in/],
    [
      'oversize',
      'a1',
      { rules: [{ maxArchiveBytes: 1 }] },
      /raise maxCheckpointSize in .* to at least 1 MiB/,
    ],
    [
      'orphaned',
      'a1',
      { rules: [{ retainOrphan: false }], ownerState: () => ({ state: 'absent', goneForMs: 1e9 }) },
      /set retainOrphan: true[\s\S]*comes back/,
    ],
    ['over-count', 'a3', { rules: [{ ...PER_CONTAINER, mode: 'Audit' }] }, /Audit mode/],
    ['within-limits', 'a3', { rules: [PER_CONTAINER], due: new Set() }, /an archive arrives in its group/],
    ['within-limits', 'a1', { rules: [PER_CONTAINER] }, /newer archives fill maxCheckpoints/],
    ['within-limits', 'a1', { rules: [{ maxAgeMs: 9 * HOUR_MS }] }, /it expires at \d{4}-/],
    ['within-limits', 'a1', {}, /a rule would have to match it/],
  ])('tells what would change the verdict %s', (reason, name, facts, ways) => {
    const { verdict, toChange } = explained(name, facts);
    expect(verdict.reason).toBe(reason);
    expect(toChange.join('\n')).toMatch(ways);
  });

  it.each([
    ['pinned', { pinned: true }, /remove a\.keep/],
    ['writing', { state: 'writing' }, /become complete/],
    ['incomplete', { state: 'incomplete' }, /nothing deletes it by age/],
    ['unattributed', { owner: null }, /checkpoint-warden inspect/],
  ] as const)('tells what would have to happen to one that is %s', (reason, facts, ways) => {
    const found = explain(makePlanInput([makeArchive('a', 0, facts)], {}), 'a');
    expect(found?.verdict.reason).toBe(reason);
    expect(found?.toChange.join('\n')).toMatch(ways);
  });

  it('tells of no date where an age limit ends later than there are dates', () => {
    const maxAgeMs = Number.MAX_SAFE_INTEGER;
    expect(explained('a1', { rules: [{ id: 'p', maxAgeMs }] }).toChange).toEqual([
      'p sets no limit that could take it',
    ]);
    const input = makePlanInput([makeArchive('a', 0, { state: 'incomplete' })], {
      policy: { rules: [], node: { id: 'p/nodePolicy', mode: 'Enforce', maxIncompleteAgeMs: maxAgeMs } },
    });
    expect(explain(input, 'a')?.toChange).toEqual([
      'its age reaches the limit on incomplete leftovers at no date',
    ]);
  });
});
