import { describe, expect, it } from 'vitest';
import { planRetention } from './plan-retention.ts';
import { makeArchive, makePlanInput, makeRule, NOW_MS } from './testing.ts';
import type {
  Archive,
  GroupLevel,
  GroupLimits,
  NodeRule,
  OwnerState,
  Plan,
  PlanInput,
  Rule,
} from './types.ts';

/** Plans `archives` under one global rule with the given limits. */
function planWith(
  archives: readonly Archive[],
  rule: Partial<Rule>,
  facts: Partial<Omit<PlanInput, 'policy'>> & { node?: Partial<NodeRule> } = {},
): Plan {
  const { node, ...input } = facts;
  const nodeRule: NodeRule = { id: 'test/nodePolicy', mode: 'Enforce', ...node };
  const policy = { rules: [makeRule(rule)], node: node && nodeRule };
  return planRetention(makePlanInput(archives, { ...input, policy }));
}

/** `name: reason` of each archive, with what was held back and by what. */
function lines({ verdicts }: Plan): string[] {
  return verdicts.map(({ archive, reason, held }) =>
    [`${archive.name}: ${reason}`, ...(held ? [`(${held.reason} held by ${held.by})`] : [])].join(' '),
  );
}

const kept = ({ verdicts }: Plan): string[] =>
  verdicts.filter(({ action }) => action === 'keep').map(({ archive }) => archive.name);

const limits = (level: GroupLevel, facts: Omit<GroupLimits, 'level'>): GroupLimits => ({ level, ...facts });
const perContainer = (facts: Omit<GroupLimits, 'level'>): Partial<Rule> => ({
  groups: [limits('container', facts)],
});

/** a, b, c, … with the first the newest. */
function series(count: number, facts: Parameters<typeof makeArchive>[2] = {}): Archive[] {
  return Array.from({ length: count }, (_, age) => makeArchive(String.fromCharCode(97 + age), age, facts));
}

const gone: (goneForMs: number) => () => OwnerState = (goneForMs) => () => ({ state: 'absent', goneForMs });

describe('the reason of one archive is', () => {
  const everyLimit: Partial<Rule> = {
    retainOrphan: false,
    maxAgeMs: 10,
    maxArchiveBytes: 10,
    groups: [limits('container', { maxCount: 1, maxTotalBytes: 15 })],
  };
  const old = 11;
  const newer = makeArchive('newer', 0, { sizeBytes: 10 });

  it.each<[string, string, Archive, Partial<PlanInput>]>([
    ['pinned', 'whatever else holds', makeArchive('one', old, { pinned: true, state: 'incomplete' }), {}],
    ['pinned', 'also without an owner', makeArchive('one', old, { pinned: true, owner: null }), {}],
    [
      'incomplete',
      'also without an owner',
      makeArchive('one', old, { state: 'incomplete', owner: null }),
      {},
    ],
    [
      'incomplete',
      'of an owner gone',
      makeArchive('one', old, { state: 'incomplete' }),
      { ownerState: gone(0) },
    ],
    ['writing', 'of an owner gone', makeArchive('one', old, { state: 'writing' }), { ownerState: gone(0) }],
    ['unattributed', 'however old and large', makeArchive('one', old, { owner: null, sizeBytes: 99 }), {}],
    ['unattributed', 'from the future of name and mtime', makeArchive('one', -1, { sizeBytes: 99 }), {}],
    ['orphaned', 'before any limit', makeArchive('one', old, { sizeBytes: 99 }), { ownerState: gone(0) }],
    ['expired', 'before its size', makeArchive('one', old, { sizeBytes: 99 }), {}],
    ['oversize', 'before its group', makeArchive('one', 10, { sizeBytes: 11 }), {}],
    ['over-count', 'before the total', makeArchive('one', 10, { sizeBytes: 10 }), {}],
    [
      'within-limits',
      'when it is the newest',
      makeArchive('one', -1, { mtimeMs: NOW_MS, sizeBytes: 10 }),
      {},
    ],
  ])('%s %s', (reason, _, archive, facts) => {
    expect(planWith([archive, newer], everyLimit, facts).verdicts[0]?.reason).toBe(reason);
  });

  it('over-total-size where only that limit is on', () => {
    const plan = planWith(series(3), perContainer({ maxTotalBytes: 2 }));
    expect(lines(plan)).toEqual(['a: within-limits', 'b: within-limits', 'c: over-total-size']);
  });
});

describe('a limit', () => {
  it.each<[string, Partial<Rule>]>([
    ['an age', { maxAgeMs: 2 }],
    ['the size of one archive', { maxArchiveBytes: 1 }],
    ['a count', perContainer({ maxCount: 3 })],
    ['a total', perContainer({ maxTotalBytes: 3 })],
  ])('holds for what just fits %s', (_, rule) => {
    expect(kept(planWith(series(3), rule))).toEqual(['a', 'b', 'c']);
  });

  it.each<[string, Partial<Rule>]>([
    ['an age', { maxAgeMs: 0 }],
    ['the size of one archive', { maxArchiveBytes: 0 }],
    ['a count', perContainer({ maxCount: 0 })],
    ['a total', perContainer({ maxTotalBytes: 0 })],
    ['anything, where nothing is set', {}],
  ])('of 0 is off: %s', (_, rule) => {
    expect(kept(planWith(series(3), rule))).toEqual(['a', 'b', 'c']);
  });

  it('of a broader rule is not inherited by a more specific one', () => {
    const specific = makeRule({
      id: 'test/namespacePolicies[0]',
      level: 'namespace',
      namespace: 'shop',
      maxAgeMs: 9,
    });
    const global = makeRule({ maxArchiveBytes: 5, groups: [limits('namespace', { maxCount: 1 })] });
    const archives = series(3, { sizeBytes: 6 });
    expect(
      kept(planRetention(makePlanInput(archives, { policy: { rules: [global, specific] } }))),
    ).toHaveLength(3);
  });

  it('counts only the archives that its own rule governs', () => {
    const pod = makeRule({
      id: 'test/podPolicies[0]',
      level: 'pod',
      namespace: 'shop',
      pod: 'web-*',
      groups: [limits('pod', { maxCount: 2 })],
    });
    const app = makeRule({
      id: 'test/containerPolicies[0]',
      level: 'container',
      namespace: 'shop',
      pod: 'web-0',
      container: 'app',
    });
    const archives = [...series(3), makeArchive('p', 8, { owner: 'shop/web-0/proxy' })];
    expect(kept(planRetention(makePlanInput(archives, { policy: { rules: [pod, app] } })))).toHaveLength(4);
  });
});

describe('the group', () => {
  const archives = [
    makeArchive('a', 1, { owner: 'shop/web-0/app' }),
    makeArchive('b', 2, { owner: 'shop/web-0/app' }),
    makeArchive('c', 3, { owner: 'shop/web-0/proxy' }),
    makeArchive('d', 4, { owner: 'shop/web-1/app' }),
    makeArchive('e', 5, { owner: 'team/web-0/app' }),
  ];

  it.each<[GroupLevel, string[], string[]]>([
    ['container', ['a', 'c', 'd', 'e'], ['shop/web-0/app']],
    ['pod', ['a', 'd', 'e'], ['shop/web-0', 'shop/web-0']],
    ['namespace', ['a', 'e'], ['shop', 'shop', 'shop']],
  ])('of a limit at level %s is each one of them', (level, expected, groups) => {
    const plan = planWith(archives, { groups: [limits(level, { maxCount: 1 })] });
    expect(kept(plan)).toEqual(expected);
    expect(plan.verdicts.flatMap(({ group }) => group ?? [])).toEqual(groups);
  });

  it('of `web-*` is each pod, not all pods together', () => {
    const rule: Partial<Rule> = { level: 'pod', namespace: 'shop', pod: 'web-*' };
    const plan = planWith(archives, { ...rule, groups: [limits('pod', { maxCount: 1 })] });
    expect(kept(plan)).toEqual(['a', 'd', 'e']);
  });

  it('of namespace a and container b-c is not that of namespace a-b and container c', () => {
    const alike = [makeArchive('a', 1, { owner: 'a/p/b-c' }), makeArchive('b', 2, { owner: 'a-b/p/c' })];
    expect(kept(planWith(alike, { groups: [limits('namespace', { maxCount: 1 })] }))).toEqual(['a', 'b']);
  });

  it('is limited over what the step before left: the container, then the pod, then the namespace', () => {
    const rule: Partial<Rule> = {
      groups: [
        limits('container', { maxCount: 1 }),
        limits('pod', { maxCount: 2 }),
        limits('namespace', { maxCount: 2 }),
      ],
    };
    expect(lines(planWith(archives, rule))).toEqual([
      'a: within-limits',
      'b: over-count',
      'c: within-limits',
      'd: over-count',
      'e: within-limits',
    ]);
    expect(planWith(archives, rule).verdicts.map(({ group }) => group)).toEqual([
      undefined,
      'shop/web-0/app',
      undefined,
      'shop',
      undefined,
    ]);
  });

  it('has its count applied before its total', () => {
    const sizes = [1, 1, 9].map((sizeBytes, age) => makeArchive('abc'.charAt(age), age, { sizeBytes }));
    expect(lines(planWith(sizes, perContainer({ maxCount: 2, maxTotalBytes: 2 })))).toEqual([
      'a: within-limits',
      'b: within-limits',
      'c: over-count',
    ]);
  });

  it('does not count what an own limit has taken', () => {
    const mixed = [makeArchive('a', 1, { sizeBytes: 9 }), makeArchive('b', 2), makeArchive('c', 30)];
    const rule = { ...perContainer({ maxCount: 1 }), maxArchiveBytes: 5, maxAgeMs: 20 };
    expect(lines(planWith(mixed, rule))).toEqual(['a: oversize', 'b: within-limits', 'c: expired']);
  });
});

describe('in a group', () => {
  it('nothing newer goes to make room for something older, also where the older one would fit', () => {
    const sizes = [4, 7, 1].map((sizeBytes, age) => makeArchive('abc'.charAt(age), age, { sizeBytes }));
    expect(lines(planWith(sizes, perContainer({ maxTotalBytes: 10 })))).toEqual([
      'a: within-limits',
      'b: over-total-size',
      'c: over-total-size',
    ]);
  });

  it('the newest goes too when it alone exceeds the total', () => {
    expect(
      kept(planWith([makeArchive('a', 1, { sizeBytes: 11 })], perContainer({ maxTotalBytes: 10 }))),
    ).toEqual([]);
  });

  it('the age is that of the file name, not of the mtime', () => {
    const touched = makeArchive('a', 9, { mtimeMs: NOW_MS });
    const archives = [touched, makeArchive('b', 8, { mtimeMs: 1 })];
    expect(kept(planWith(archives, perContainer({ maxCount: 1 })))).toEqual(['b']);
    expect(kept(planWith([touched], { maxAgeMs: 5 }))).toEqual([]);
  });

  it('equal times are told apart by mtime, then node, then name', () => {
    const [older, newer] = [makeArchive('b', 5, { mtimeMs: 900 }), makeArchive('a', 5, { mtimeMs: 901 })];
    expect(kept(planWith([older, newer], perContainer({ maxCount: 1 })))).toEqual(['a']);
    expect(kept(planWith([makeArchive('a', 5), makeArchive('b', 5)], perContainer({ maxCount: 1 })))).toEqual(
      ['b'],
    );
    const remote = [makeArchive('a', 5, { node: 'node-2' })];
    expect(kept(planWith([makeArchive('b', 5)], perContainer({ maxCount: 1 }), { remote }))).toEqual([]);
  });
});

describe('a pinned archive', () => {
  const pinned = makeArchive('pinned', 0, { pinned: true, sizeBytes: 100 });

  it('fills neither count nor total of its group', () => {
    const plan = planWith([pinned, ...series(2)], perContainer({ maxCount: 2, maxTotalBytes: 2 }));
    expect(kept(plan)).toEqual(['pinned', 'a', 'b']);
    expect(plan.unreachable).toEqual([]);
  });

  it('does not fill keepLast either', () => {
    expect(lines(planWith([pinned, makeArchive('a', 30)], { keepLast: 1, maxAgeMs: 20 }))).toEqual([
      'pinned: pinned',
      'a: within-limits (expired held by keep-last)',
    ]);
  });

  it('shows the rule that governs its owner', () => {
    expect(planWith([pinned], {}).verdicts[0]?.rule?.id).toBe('test/globalPolicy');
  });
});

describe('keepLast', () => {
  it('keeps the newest of each container from age, size, count and total', () => {
    const archives = [
      makeArchive('a', 30, { sizeBytes: 9 }),
      makeArchive('p', 31, { owner: 'shop/web-0/proxy' }),
    ];
    const held = (rule: Partial<Rule>) => lines(planWith(archives, { keepLast: 1, ...rule }));
    const pod = (facts: Omit<GroupLimits, 'level'>) => ({ groups: [limits('pod', facts)] });
    expect(held({ maxAgeMs: 20 })).toEqual([
      'a: within-limits (expired held by keep-last)',
      'p: within-limits (expired held by keep-last)',
    ]);
    expect(held({ maxArchiveBytes: 5 })[0]).toBe('a: within-limits (oversize held by keep-last)');
    expect(held(pod({ maxCount: 1 }))[1]).toBe('p: within-limits (over-count held by keep-last)');
    expect(held(pod({ maxTotalBytes: 9 }))[1]).toBe('p: within-limits (over-total-size held by keep-last)');
  });

  it('keeps no more than it says', () => {
    expect(kept(planWith(series(4), { keepLast: 2, ...perContainer({ maxCount: 1 }) }))).toEqual(['a', 'b']);
  });

  it('does not keep an orphan', () => {
    expect(lines(planWith(series(1), { keepLast: 1, retainOrphan: false }, { ownerState: gone(0) }))).toEqual(
      ['a: orphaned'],
    );
  });

  it('names the first limit that called, and itself before any other obstacle', () => {
    const rule = { keepLast: 1, maxAgeMs: 20, maxArchiveBytes: 5, ...perContainer({ maxTotalBytes: 1 }) };
    const plan = planWith([makeArchive('a', 30, { sizeBytes: 9 })], rule, {
      due: new Set(),
      clockTrusted: false,
    });
    expect(lines(plan)).toEqual(['a: within-limits (expired held by keep-last)']);
  });

  it('counts incomplete, unattributed and pinned archives for nothing', () => {
    const archives = [
      makeArchive('i', 0, { state: 'incomplete' }),
      makeArchive('w', 1, { state: 'writing' }),
      makeArchive('u', 2, { owner: null }),
      makeArchive('p', 3, { pinned: true }),
      makeArchive('f', -4),
      makeArchive('a', 40),
    ];
    expect(lines(planWith(archives, { keepLast: 1, maxAgeMs: 20 })).at(-1)).toBe(
      'a: within-limits (expired held by keep-last)',
    );
  });

  it('is the newest N wherever they lie', () => {
    const remote = [makeArchive('r', 1, { node: 'node-2' })];
    const rule = { keepLast: 1, maxAgeMs: 20 };
    expect(kept(planWith([makeArchive('a', 30)], rule, { remote }))).toEqual([]);
    expect(kept(planWith([makeArchive('a', 30)], { ...rule, scope: 'Node' }, { remote }))).toEqual(['a']);
  });

  it('lets what it keeps stay on top: a quiet container’s last copy costs a busy one nothing newer', () => {
    const busy = series(3);
    const quiet = makeArchive('q', 30, { owner: 'shop/web-0/proxy' });
    const plan = planWith([...busy, quiet], { keepLast: 1, groups: [limits('pod', { maxCount: 3 })] });
    expect(kept(plan)).toEqual(['a', 'b', 'c', 'q']);
    expect(plan.unreachable).toEqual([
      { limit: 'maxCheckpoints', rule: 'test/globalPolicy', mode: 'Enforce', group: 'shop/web-0', excess: 1 },
    ]);
  });
});

describe('an orphan', () => {
  const rule: Partial<Rule> = { retainOrphan: false, orphanGraceMs: 60 };

  it.each<[string, OwnerState, string]>([
    [
      'goes when its owner has been confirmed gone for the grace period',
      { state: 'absent', goneForMs: 60 },
      'orphaned',
    ],
    ['stays within the grace period', { state: 'absent', goneForMs: 59 }, 'within-limits'],
    ['is none while its owner is present', { state: 'present' }, 'within-limits'],
    ['is none while nobody knows', { state: 'unknown' }, 'within-limits'],
  ])('%s', (_, state, reason) => {
    expect(planWith(series(1), rule, { ownerState: () => state }).verdicts[0]?.reason).toBe(reason);
  });

  it('is none where nothing at all is known of owners', () => {
    expect(kept(planWith(series(1), rule))).toEqual(['a']);
  });

  it('stays where its rule retains orphans', () => {
    expect(kept(planWith(series(1), { ...rule, retainOrphan: true }, { ownerState: gone(99) }))).toEqual([
      'a',
    ]);
  });

  it('goes without a grace period as soon as its owner is gone', () => {
    expect(kept(planWith(series(1), { ...rule, orphanGraceMs: 0 }, { ownerState: gone(0) }))).toEqual([]);
  });

  it('goes also where nothing has arrived and the clock is not trusted', () => {
    const facts = { ownerState: gone(60), due: new Set<string>(), clockTrusted: false };
    expect(kept(planWith(series(1), rule, facts))).toEqual([]);
  });

  it('is judged by its own container: another one of the pod stays', () => {
    const archives = [makeArchive('a', 1), makeArchive('p', 2, { owner: 'shop/web-0/proxy' })];
    const plan = planWith(archives, rule, {
      ownerState: ({ container }) =>
        container === 'app' ? { state: 'absent', goneForMs: 60 } : { state: 'present' },
    });
    expect(kept(plan)).toEqual(['p']);
  });
});

describe('count and size limits act', () => {
  const rule: Partial<Rule> = { maxArchiveBytes: 5, ...perContainer({ maxCount: 2, maxTotalBytes: 5 }) };
  const archives = [...series(3, { sizeBytes: 3 }), makeArchive('large', 5, { sizeBytes: 6 })];
  const held = [
    'a: within-limits',
    'b: within-limits (over-total-size held by no-arrival)',
    'c: within-limits (over-count held by no-arrival)',
    'large: within-limits (oversize held by no-arrival)',
  ];
  const acted = ['a: within-limits', 'b: over-total-size', 'c: over-count', 'large: oversize'];

  it('not where nothing has arrived', () => {
    expect(lines(planWith(archives, rule, { due: new Set() }))).toEqual(held);
    expect(lines(planWith(archives, rule, { due: new Set(['shop/web-1/app', 'shop']) }))).toEqual(held);
  });

  it('in the group where something has arrived', () => {
    expect(lines(planWith(archives, rule, { due: new Set(['shop/web-0/app']) }))).toEqual(acted);
  });

  it('everywhere when all is due, or the rule applies immediately', () => {
    expect(lines(planWith(archives, rule))).toEqual(acted);
    expect(lines(planWith(archives, { ...rule, applyImmediately: true }, { due: new Set() }))).toEqual(acted);
  });

  it('at once only for the rule that says so', () => {
    const namespace = (name: string, applyImmediately: boolean) =>
      makeRule({
        id: name,
        level: 'namespace',
        namespace: name,
        applyImmediately,
        groups: [limits('namespace', { maxCount: 1 })],
      });
    const policy = { rules: [namespace('shop', true), namespace('team', false)] };
    const two = [
      ...series(2),
      makeArchive('t', 8, { owner: 'team/p/c' }),
      makeArchive('u', 9, { owner: 'team/p/c' }),
    ];
    expect(kept(planRetention(makePlanInput(two, { policy, due: new Set() })))).toEqual(['a', 't', 'u']);
  });

  it.each<[GroupLevel, string]>([
    ['namespace', 'shop'],
    ['pod', 'shop/web-0'],
    ['container', 'shop/web-0/app'],
  ])('on the size of one archive, under a %s rule, in the group %s', (level, group) => {
    const names = { namespace: 'shop', pod: 'web-0', container: 'app' };
    const oversize = (due: string) =>
      planWith(archives, { level, ...names, maxArchiveBytes: 5 }, { due: new Set([due]) }).verdicts.at(-1)
        ?.reason;
    expect(oversize(group)).toBe('oversize');
    expect(oversize('shop/other/app')).toBe('within-limits');
  });

  it('on a pod also when the archives of a container that is not due stand in its way', () => {
    const mixed = [...series(2), makeArchive('p', 8, { owner: 'shop/web-0/proxy' })];
    const groups = [limits('container', { maxCount: 1 }), limits('pod', { maxCount: 2 })];
    const due = new Set(['shop/web-0/proxy', 'shop/web-0', 'shop']);
    expect(lines(planWith(mixed, { groups }, { due }))).toEqual([
      'a: within-limits',
      'b: within-limits (over-count held by no-arrival)',
      'p: over-count',
    ]);
  });

  it('not needed for age, which acts on the clock', () => {
    expect(kept(planWith(series(1), { maxAgeMs: 5 }, { due: new Set(), nowMs: NOW_MS + 6 }))).toEqual([]);
  });
});

describe('archives on other nodes', () => {
  const remote = [makeArchive('r', 1, { node: 'node-2', sizeBytes: 5 })];
  const local = [makeArchive('a', 0), makeArchive('b', 2)];

  it('count towards a limit and get no verdict', () => {
    const plan = planWith(local, perContainer({ maxCount: 2 }), { remote });
    expect(lines(plan)).toEqual(['a: within-limits', 'b: over-count']);
    expect(kept(planWith(local, perContainer({ maxTotalBytes: 6 }), { remote }))).toEqual(['a']);
  });

  it('displace only what is older', () => {
    const older = [makeArchive('r', 9, { node: 'node-2', sizeBytes: 50 })];
    expect(
      kept(planWith(local, perContainer({ maxCount: 2, maxTotalBytes: 2 }), { remote: older })),
    ).toHaveLength(2);
  });

  it.each<[string, Partial<Archive>]>([
    ['pinned', { pinned: true }],
    ['incomplete', { state: 'incomplete' }],
    ['still being written', { state: 'writing' }],
    ['from the future', { createdAtMs: NOW_MS + 1, mtimeMs: NOW_MS + 1 }],
    ['unattributed', { owner: undefined }],
  ])('do not count while %s', (_, facts) => {
    const odd = remote.map((archive) => ({ ...archive, ...facts }));
    expect(kept(planWith(local, perContainer({ maxCount: 2 }), { remote: odd }))).toEqual(['a', 'b']);
  });

  it('do not count under a rule of scope Node', () => {
    expect(kept(planWith(local, { scope: 'Node', ...perContainer({ maxCount: 2 }) }, { remote }))).toEqual([
      'a',
      'b',
    ]);
  });

  it('count once with their copies, of which the node’s own stands for itself', () => {
    const copies = [1, 2, 3].flatMap((age) =>
      ['node-2', 'node-3'].map((node) => makeArchive(`c${age}`, age, { node, mtimeMs: NOW_MS })),
    );
    const own = [makeArchive('c1', 1), makeArchive('c2', 2, { pinned: true }), makeArchive('a', 9)];
    expect(kept(planWith(own, perContainer({ maxCount: 3 }), { remote: copies }))).toEqual(['c1', 'c2', 'a']);
    expect(kept(planWith(own, perContainer({ maxCount: 2 }), { remote: copies }))).toEqual(['c1', 'c2']);
    expect(
      kept(planWith(own, { ...perContainer({ maxCount: 1 }), keepLast: 2 }, { remote: copies })),
    ).toEqual(['c1', 'c2']);
  });

  it('count where the node’s own of that name is not complete', () => {
    const own = [makeArchive('r', 1, { state: 'incomplete' }), ...local];
    expect(kept(planWith(own, perContainer({ maxCount: 2 }), { remote }))).toEqual(['r', 'a']);
  });

  it('of the same name are no copies in another container', () => {
    const others = [makeArchive('a', 1, { node: 'node-2', owner: 'shop/web-0/proxy' })];
    expect(
      kept(
        planWith(
          [makeArchive('a', 5)],
          { level: 'pod', pod: 'web-0', groups: [{ level: 'pod', maxCount: 1 }] },
          { remote: others },
        ),
      ),
    ).toEqual([]);
  });

  it('no longer count when a limit of their own takes them', () => {
    const rule = { maxArchiveBytes: 4, ...perContainer({ maxCount: 2 }) };
    expect(kept(planWith(local, rule, { remote }))).toEqual(['a', 'b']);
  });

  it('count where the clock alone keeps them', () => {
    const rule = { maxAgeMs: 20, ...perContainer({ maxCount: 1 }) };
    const old = [makeArchive('r', 30, { node: 'node-2' })];
    const plan = planWith([makeArchive('a', 31)], rule, { remote: old, clockTrusted: false });
    expect(lines(plan)).toEqual(['a: over-count']);
  });
});

describe('safety rule', () => {
  const strict: Partial<Rule> = {
    maxAgeMs: 1,
    maxArchiveBytes: 1,
    ...perContainer({ maxCount: 1, maxTotalBytes: 1 }),
  };

  it('1: without a policy nothing goes', () => {
    const archives = series(9, { sizeBytes: 99 });
    expect(kept(planRetention(makePlanInput(archives, { ownerState: gone(99) })))).toHaveLength(9);
  });

  it('5: an unattributed archive is never rotated and displaces nothing', () => {
    const nobody = [0, 1, 2].map((age) => makeArchive(`n${age}`, 30 + age, { owner: null, sizeBytes: 9 }));
    const plan = planWith([...nobody, makeArchive('a', 0)], strict);
    expect(kept(plan)).toEqual(['n0', 'n1', 'n2', 'a']);
    expect(plan.verdicts[0]?.rule).toBeUndefined();
  });

  it('5: an unattributed archive is not evicted either, but counts in the node’s total', () => {
    const archives = [makeArchive('n', 30, { owner: null, sizeBytes: 9 }), makeArchive('a', 0)];
    const plan = planWith(
      archives,
      {},
      { node: { maxTotalBytes: 5 }, disk: { sizeBytes: 100, availBytes: 50 } },
    );
    expect(lines(plan)).toEqual(['n: unattributed', 'a: over-node-size']);
  });

  it.each(['incomplete', 'writing'] as const)('6: an %s archive never displaces a complete one', (state) => {
    const newest = makeArchive('newest', 0, { state, sizeBytes: 99 });
    expect(kept(planWith([newest, makeArchive('a', 1)], strict))).toEqual(['newest', 'a']);
  });

  it('6: an archive being written is not removed under node pressure, an incomplete one goes first', () => {
    const archives = [
      makeArchive('w', 40, { state: 'writing', sizeBytes: 5 }),
      makeArchive('i', 0, { state: 'incomplete', sizeBytes: 5 }),
      makeArchive('a', 50, { sizeBytes: 5 }),
    ];
    const disk = { sizeBytes: 100, availBytes: 50 };
    expect(lines(planWith(archives, {}, { node: { maxTotalBytes: 12 }, disk }))).toEqual([
      'w: writing',
      'i: over-node-size',
      'a: within-limits',
    ]);
    expect(lines(planWith(archives, {}, { node: { maxTotalBytes: 1 }, disk }))[0]).toBe('w: writing');
  });

  it('7: a name from the future counts as of its mtime and makes no older archive go', () => {
    const forged = makeArchive('forged', 0, { createdAtMs: NOW_MS + 9, mtimeMs: NOW_MS - 50 });
    const plan = planWith([forged, makeArchive('a', 1)], perContainer({ maxCount: 1 }));
    expect(lines(plan)).toEqual(['forged: over-count', 'a: within-limits']);
  });

  it('7: an archive from the future of name and mtime is unattributed and makes no older archive go', () => {
    const forged = makeArchive('forged', -9, { sizeBytes: 99 });
    expect(lines(planWith([forged, makeArchive('a', 1)], strict))).toEqual([
      'forged: unattributed',
      'a: within-limits',
    ]);
  });

  it('11: while the clock is not trusted nothing expires and nothing is abandoned; that is reported', () => {
    const archives = [makeArchive('a', 9), makeArchive('i', 9, { state: 'incomplete' })];
    const facts = { node: { maxIncompleteAgeMs: 5 }, clockTrusted: false };
    expect(lines(planWith(archives, { maxAgeMs: 5 }, facts))).toEqual([
      'a: within-limits (expired held by clock)',
      'i: incomplete (abandoned held by clock)',
    ]);
  });

  it('11: what does not depend on now goes on, and the first limit that called is told', () => {
    const archives = [makeArchive('a', 9), makeArchive('b', 10, { sizeBytes: 9 }), makeArchive('c', 11)];
    const rule = { maxAgeMs: 5, maxArchiveBytes: 5, ...perContainer({ maxCount: 1 }) };
    expect(lines(planWith(archives, rule, { clockTrusted: false }))).toEqual([
      'a: within-limits (expired held by clock)',
      'b: oversize',
      'c: over-count',
    ]);
    expect(lines(planWith(archives, rule, { clockTrusted: false, due: new Set() }))[1]).toBe(
      'b: within-limits (expired held by clock)',
    );
  });
});

describe('Audit', () => {
  it('decides as Enforce does and says so in every verdict', () => {
    const [audit, enforce] = (['Audit', 'Enforce'] as const).map((mode) =>
      planWith(series(3), { mode, ...perContainer({ maxCount: 1 }) }),
    );
    expect(audit && lines(audit)).toEqual(enforce && lines(enforce));
    expect(audit?.verdicts.map(({ mode }) => mode)).toEqual(['Audit', 'Audit', 'Audit']);
  });

  it('of one rule leaves the others enforcing', () => {
    const shop = makeRule({ id: 'shop', level: 'namespace', namespace: 'shop', mode: 'Audit', maxAgeMs: 5 });
    const archives = [makeArchive('a', 9), makeArchive('t', 9, { owner: 'team/p/c' })];
    const plan = planRetention(
      makePlanInput(archives, { policy: { rules: [shop, makeRule({ maxAgeMs: 5 })] } }),
    );
    expect(plan.verdicts.map(({ reason, mode }) => [reason, mode])).toEqual([
      ['expired', 'Audit'],
      ['expired', 'Enforce'],
    ]);
  });

  it('of a rule takes nothing off the disk of a node rule that enforces', () => {
    const archives = [makeArchive('a', 1, { sizeBytes: 5 }), makeArchive('b', 9, { sizeBytes: 5 })];
    const facts = { node: { maxTotalBytes: 5 }, disk: { sizeBytes: 100, availBytes: 50 } };
    const plan = planWith(archives, { mode: 'Audit', maxAgeMs: 5 }, facts);
    expect(lines(plan)).toEqual(['a: within-limits', 'b: over-node-size']);
    expect(plan.verdicts[1]).toMatchObject({ mode: 'Enforce', rule: { id: 'test/nodePolicy' } });
  });

  it('of both rule and node rule takes what the rule would delete as gone', () => {
    const archives = [makeArchive('a', 1, { sizeBytes: 5 }), makeArchive('b', 9, { sizeBytes: 5 })];
    const facts = {
      node: { mode: 'Audit' as const, maxTotalBytes: 5 },
      disk: { sizeBytes: 100, availBytes: 50 },
    };
    expect(lines(planWith(archives, { mode: 'Audit', maxAgeMs: 5 }, facts))).toEqual([
      'a: within-limits',
      'b: expired',
    ]);
  });

  it('of an orphan does not lift keepLast for a node rule that enforces', () => {
    const facts = {
      node: { maxTotalBytes: 1 },
      disk: { sizeBytes: 100, availBytes: 50 },
      ownerState: gone(9),
    };
    const plan = planWith(
      series(1, { sizeBytes: 5 }),
      { mode: 'Audit', retainOrphan: false, keepLast: 1 },
      facts,
    );
    expect(lines(plan)).toEqual(['a: orphaned']);
    expect(plan.verdicts[0]?.mode).toBe('Audit');
  });
});

describe('a limit that cannot be reached', () => {
  it('is told with its rule, group and excess, counting what lies on other nodes', () => {
    const remote = series(1, { node: 'node-2', owner: 'shop/web-0/proxy', sizeBytes: 4 });
    const groups = [limits('pod', { maxCount: 1, maxTotalBytes: 5 })];
    const plan = planWith(series(1, { sizeBytes: 7 }), { mode: 'Audit', keepLast: 1, groups }, { remote });
    const shared = { rule: 'test/globalPolicy', mode: 'Audit', group: 'shop/web-0' };
    expect(plan.unreachable).toEqual([
      { limit: 'maxCheckpoints', ...shared, excess: 1 },
      { limit: 'maxTotalSize', ...shared, excess: 6 },
    ]);
  });

  it('is told between arrivals too, or it would seem to have ended', () => {
    const rule = { keepLast: 2, ...perContainer({ maxCount: 1 }) };
    expect(planWith(series(2), rule, { due: new Set() }).unreachable).toHaveLength(1);
    expect(planWith(series(2), rule).unreachable).toHaveLength(1);
  });

  it('is not told where deleting reaches it', () => {
    expect(planWith(series(9), perContainer({ maxCount: 1, maxTotalBytes: 1 })).unreachable).toEqual([]);
  });
});
