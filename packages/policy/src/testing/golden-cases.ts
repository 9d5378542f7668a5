import type { GroupLimits, NodeRule, Rule } from '../types.ts';
import { makeRule } from './make-plan-input.ts';

/** One policy, and what is special about the pass, over the fixed archives of `testdata/archives.json`. */
export interface GoldenCase {
  /** Names the golden file. */
  readonly name: string;
  /** What a reader of the golden should see. */
  readonly shows: string;
  readonly rules: readonly Rule[];
  readonly node?: NodeRule;
  /** Groups with an arrival; all where left out. */
  readonly due?: readonly string[];
  readonly clockTrusted?: boolean;
  /** Whether what lies on `node-2` is known. */
  readonly withRemote?: true;
  /** Owners confirmed gone, and for how long in ms; all others are unknown. */
  readonly gone?: Readonly<Record<string, number>>;
  /** What the disk of 500 GiB has left, in bytes. */
  readonly availBytes?: number;
}

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const container = (facts: Omit<GroupLimits, 'level'>): GroupLimits => ({ level: 'container', ...facts });
const pod = (facts: Omit<GroupLimits, 'level'>): GroupLimits => ({ level: 'pod', ...facts });
const namespace = (facts: Omit<GroupLimits, 'level'>): GroupLimits => ({ level: 'namespace', ...facts });

/** A rule of the object `default`; the path says which names it is for, e.g. `dev-*` or `shop/web-0/app`. */
function rule(path: string, facts: Partial<Rule>): Rule {
  const [ns, podName, containerName] = path.split('/');
  if (path === 'global') return makeRule({ id: 'default/global', ...facts });
  const level = containerName !== undefined ? 'container' : podName !== undefined ? 'pod' : 'namespace';
  return makeRule({
    id: `default/${path}`,
    level,
    namespace: ns,
    pod: podName,
    container: containerName,
    ...facts,
  });
}

function node(facts: Partial<NodeRule>): NodeRule {
  return { id: 'default/nodePolicy', mode: 'Enforce', ...facts };
}

const BOB_GONE = { 'dev-bob/train-0/main': HOUR, 'dev-bob/train-0/init-data': HOUR };

/** Every limit alone, then together, then what holds them back, then the node. */
export const GOLDEN_CASES: readonly GoldenCase[] = [
  { name: 'no-policy', shows: 'nothing goes without a policy', rules: [] },
  { name: 'no-limits', shows: 'nothing goes without a limit', rules: [rule('global', {})] },
  {
    name: 'count-per-container',
    shows: 'each container keeps its newest three',
    rules: [rule('global', { groups: [container({ maxCount: 3 })] })],
  },
  {
    name: 'count-per-pod',
    shows: 'app and proxy of web-0 share three places',
    rules: [rule('global', { groups: [pod({ maxCount: 3 })] })],
  },
  {
    name: 'count-per-namespace',
    shows: 'team and team-a are two namespaces',
    rules: [rule('global', { groups: [namespace({ maxCount: 3 })] })],
  },
  {
    name: 'count-at-every-level',
    shows: 'the container, then the pod, then the namespace, each over what the step before left',
    rules: [
      rule('global', {
        groups: [container({ maxCount: 4 }), pod({ maxCount: 5 }), namespace({ maxCount: 7 })],
      }),
    ],
  },
  {
    name: 'count-of-one',
    shows: 'equal times are told apart by mtime, then name',
    rules: [rule('global', { groups: [namespace({ maxCount: 1 })] })],
  },
  {
    name: 'total-per-container',
    shows: 'the newest that fit stay; nothing older stays behind one that does not fit',
    rules: [rule('global', { groups: [container({ maxTotalBytes: 100 * GIB })] })],
  },
  {
    name: 'total-per-pod',
    shows: 'a 2 GiB archive is in the way of smaller, older ones',
    rules: [rule('global', { groups: [pod({ maxTotalBytes: 2 * GIB })] })],
  },
  {
    name: 'total-per-namespace',
    shows: 'the total of shop is taken by its database',
    rules: [rule('global', { groups: [namespace({ maxTotalBytes: 50 * GIB })] })],
  },
  {
    name: 'count-before-total',
    shows: 'what the count took does not weigh in the total of its level',
    rules: [rule('global', { groups: [container({ maxCount: 2, maxTotalBytes: 80 * GIB })] })],
  },
  {
    name: 'size-of-one-archive',
    shows: 'large archives go, whatever their age',
    rules: [rule('global', { maxArchiveBytes: 10 * GIB })],
  },
  {
    name: 'age',
    shows: 'everything of the last seven days stays',
    rules: [rule('global', { maxAgeMs: 7 * DAY })],
  },
  {
    name: 'age-and-size-before-count',
    shows: 'expired and oversize archives leave their places to others',
    rules: [
      rule('global', {
        maxAgeMs: 12 * DAY,
        maxArchiveBytes: 1.5 * GIB,
        groups: [container({ maxCount: 4 }), namespace({ maxCount: 6 })],
      }),
    ],
  },
  {
    name: 'keep-last-against-age',
    shows: 'the last complete copy of a container outlives the age limit',
    rules: [rule('global', { maxAgeMs: DAY, keepLast: 1 })],
  },
  {
    name: 'keep-last-against-size',
    shows: 'the newest stays though it is too large',
    rules: [rule('global', { maxArchiveBytes: 4 * GIB, keepLast: 1 })],
  },
  {
    name: 'keep-last-against-groups',
    shows: 'last copies come on top of count and total, which is reported',
    rules: [rule('global', { keepLast: 1, groups: [namespace({ maxCount: 2, maxTotalBytes: 30 * GIB })] })],
  },
  {
    name: 'rule-per-namespace',
    shows: 'dev-* does not match dev; nothing is inherited from the global rule',
    rules: [
      rule('global', { maxAgeMs: 5 * DAY }),
      rule('dev-*', { groups: [namespace({ maxCount: 2 })] }),
      rule('team', { groups: [namespace({ maxCount: 2 })] }),
    ],
  },
  {
    name: 'rule-per-pod',
    shows: 'web-* limits each pod on its own',
    rules: [rule('shop/web-*', { groups: [pod({ maxCount: 3 })] })],
  },
  {
    name: 'rule-per-container',
    shows: 'the proxy is not limited by the rule of app, nor counted in it',
    rules: [
      rule('shop/*', { groups: [pod({ maxCount: 2 })] }),
      rule('shop/web-0/app', { groups: [container({ maxCount: 4 })] }),
    ],
  },
  {
    name: 'rules-at-every-level',
    shows: 'each archive is governed by its finest rule',
    rules: [
      rule('global', { maxAgeMs: 30 * DAY, groups: [container({ maxCount: 3 })] }),
      rule('shop', { maxAgeMs: 10 * DAY }),
      rule('shop/web-0', { groups: [pod({ maxCount: 5 })] }),
      rule('shop/web-0/proxy', { groups: [container({ maxCount: 1 })] }),
    ],
  },
  {
    name: 'exact-before-pattern',
    shows: 'team keeps one, every other t* two, and kube-system three',
    rules: [
      rule('*', { groups: [namespace({ maxCount: 3 })] }),
      rule('t*', { groups: [namespace({ maxCount: 2 })] }),
      rule('team', { groups: [namespace({ maxCount: 1 })] }),
    ],
  },
  {
    name: 'earlier-entry-on-a-tie',
    shows: 'dev-a* and *alice have as many literal characters: the first governs dev-alice',
    rules: [
      rule('dev-a*', { groups: [namespace({ maxCount: 3 })] }),
      rule('*alice', { groups: [namespace({ maxCount: 1 })] }),
    ],
  },
  {
    name: 'orphans',
    shows: 'only what is confirmed gone for the grace period goes',
    rules: [rule('global', { retainOrphan: false, orphanGraceMs: 60_000 })],
    gone: { ...BOB_GONE, 'shop/web-1/app': 59_999, 'dev/solo/main': 60_000 },
  },
  {
    name: 'orphans-despite-keep-last',
    shows: 'keepLast keeps no orphan; pins do',
    rules: [rule('global', { retainOrphan: false, keepLast: 2, maxAgeMs: DAY })],
    gone: { ...BOB_GONE, 'shop/web-1/app': HOUR, 'kube-system/dns-abc/dns': HOUR },
  },
  {
    name: 'orphans-retained',
    shows: 'nothing goes where the rule retains orphans',
    rules: [rule('global', {})],
    gone: BOB_GONE,
  },
  {
    name: 'orphans-and-count',
    shows: 'orphans leave their places in the namespace to the living',
    rules: [rule('dev-bob', { retainOrphan: false, groups: [namespace({ maxCount: 1 })] })],
    gone: { 'dev-bob/train-0/main': HOUR },
  },
  {
    name: 'nothing-arrived',
    shows: 'an edited limit deletes nothing by itself, except by age',
    rules: [
      rule('global', {
        maxArchiveBytes: 10 * GIB,
        maxAgeMs: 30 * DAY,
        groups: [container({ maxCount: 2 }), namespace({ maxTotalBytes: GIB })],
      }),
    ],
    due: [],
  },
  {
    name: 'one-arrival',
    shows: 'limits act in the groups of shop/web-0/app and nowhere else',
    rules: [
      rule('global', {
        groups: [container({ maxCount: 3 }), pod({ maxCount: 4 }), namespace({ maxCount: 6 })],
      }),
    ],
    due: ['shop/web-0/app', 'shop/web-0', 'shop'],
  },
  {
    name: 'applied-immediately',
    shows: 'one rule acts at once, the other waits',
    rules: [
      rule('shop', { applyImmediately: true, groups: [namespace({ maxCount: 5 })] }),
      rule('team*', { groups: [namespace({ maxCount: 1 })] }),
    ],
    due: [],
  },
  {
    name: 'clock-not-trusted',
    shows: 'nothing expires and nothing is abandoned; counts go on',
    rules: [rule('global', { maxAgeMs: 7 * DAY, groups: [container({ maxCount: 5 })] })],
    node: node({ maxIncompleteAgeMs: DAY }),
    clockTrusted: false,
  },
  {
    name: 'cluster',
    shows: 'newer archives on node-2 count; its pinned and incomplete ones do not',
    rules: [rule('global', { groups: [container({ maxCount: 4, maxTotalBytes: 60 * GIB })] })],
    withRemote: true,
  },
  {
    name: 'cluster-keep-last',
    shows: 'where the newest lies elsewhere, none here is protected',
    rules: [rule('global', { maxAgeMs: 2 * HOUR, keepLast: 1 })],
    withRemote: true,
  },
  {
    name: 'scope-node',
    shows: 'what lies on node-2 does not count',
    rules: [rule('global', { scope: 'Node', groups: [container({ maxCount: 4, maxTotalBytes: 60 * GIB })] })],
    withRemote: true,
  },
  {
    name: 'audit',
    shows: 'the verdicts of count-per-container, not carried out',
    rules: [rule('global', { mode: 'Audit', groups: [container({ maxCount: 3 })] })],
  },
  {
    name: 'audit-of-one-rule',
    shows: 'shop is only audited',
    rules: [rule('global', { maxAgeMs: 7 * DAY }), rule('shop', { mode: 'Audit', maxAgeMs: 7 * DAY })],
  },
  {
    name: 'abandoned-leftovers',
    shows: 'incomplete archives unchanged for a day go, also nobody’s; pinned ones stay',
    rules: [],
    node: node({ maxIncompleteAgeMs: DAY }),
  },
  {
    name: 'node-total',
    shows: 'leftovers first, then the oldest of the namespace that uses most',
    rules: [],
    node: node({ maxTotalBytes: 200 * GIB }),
    availBytes: 100 * GIB,
  },
  {
    name: 'node-total-under-keep-last',
    shows: 'evictions stop at pins, last copies and what is nobody’s: the limit is unreachable',
    rules: [rule('global', { keepLast: 1 })],
    node: node({ maxTotalBytes: 40 * GIB }),
    availBytes: 100 * GIB,
  },
  {
    name: 'free-space',
    shows: 'short of 10 %, 50 GiB, evicts until 52.5 GiB are free',
    rules: [rule('shop/web-*', { groups: [pod({ maxCount: 4 })] })],
    node: node({ minFree: { percent: 10 } }),
    availBytes: 2 * GIB,
  },
  {
    name: 'free-space-is-there',
    shows: 'what the rules delete is enough',
    rules: [rule('shop/db-0', { groups: [pod({ maxCount: 1 })] })],
    node: node({ minFree: { bytes: 100 * GIB } }),
    availBytes: 0,
  },
  {
    name: 'free-space-out-of-reach',
    shows: 'everything that may be evicted is, and it is not enough: the limit is unreachable',
    rules: [rule('shop', { keepLast: 1 })],
    node: node({ minFree: { percent: 80 } }),
    availBytes: 10 * GIB,
  },
  {
    name: 'node-enforced-rules-audited',
    shows: 'what rules only audit is still there, and may be evicted',
    rules: [rule('global', { mode: 'Audit', groups: [container({ maxCount: 1 })] })],
    node: node({ maxTotalBytes: 250 * GIB, maxIncompleteAgeMs: DAY }),
    availBytes: 100 * GIB,
  },
  {
    name: 'node-audited',
    shows: 'rules enforce, the node rule only says what it would evict',
    rules: [rule('global', { groups: [container({ maxCount: 2 })] })],
    node: node({ mode: 'Audit', maxTotalBytes: 150 * GIB }),
    availBytes: 100 * GIB,
  },
  {
    name: 'everything',
    shows: 'a policy as an administrator would write it',
    rules: [
      rule('global', {
        retainOrphan: false,
        orphanGraceMs: 60_000,
        maxArchiveBytes: 50 * GIB,
        maxAgeMs: 30 * DAY,
        keepLast: 1,
        groups: [
          container({ maxCount: 5, maxTotalBytes: 100 * GIB }),
          pod({ maxCount: 8 }),
          namespace({ maxCount: 20, maxTotalBytes: 120 * GIB }),
        ],
      }),
      rule('dev-*', { retainOrphan: false, maxAgeMs: 7 * DAY, groups: [namespace({ maxCount: 2 })] }),
      rule('shop/web-*', { maxArchiveBytes: 500 * MIB, groups: [pod({ maxCount: 4 })] }),
    ],
    node: node({ maxTotalBytes: 200 * GIB, minFree: { percent: 10 }, maxIncompleteAgeMs: DAY }),
    withRemote: true,
    gone: { 'dev/solo/main': HOUR },
    availBytes: 30 * GIB,
  },
];
