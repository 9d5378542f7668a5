import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderTimeMs } from './archive-order.ts';
import { governingRule } from './governing-rule.ts';
import { groupKey } from './group-key.ts';
import { planRetention } from './plan-retention.ts';
import { NAMESPACES, NOW_MS, referencePlan, type Scene, scenes, toPlanInput } from './testing.ts';
import {
  type Archive,
  EMPTY_POLICY,
  type GroupKey,
  type GroupLevel,
  type Mode,
  type Owner,
  type Plan,
  REASONS,
  type Rule,
  type UnreachableLimit,
  type Verdict,
} from './types.ts';

/** 1,000 scenes for each law; `npm run test:long` takes 100,000. */
const LONG = process.env.WARDEN_DEV_LONG === '1';
const TIMEOUT_MS = LONG ? 30 * 60_000 : 30_000;

/** A sentence that holds for every scene. */
function law(name: string, holds: (scene: Scene) => void): void {
  it(name, { timeout: TIMEOUT_MS }, () => {
    fc.assert(fc.property(scenes, holds), { numRuns: LONG ? 100_000 : 1_000 });
  });
}

function plan(scene: Scene): Plan {
  return planRetention(toPlanInput(scene));
}

function withRules(scene: Scene, change: (rule: Rule) => Rule): Scene {
  return { ...scene, policy: { ...scene.policy, rules: scene.policy.rules.map(change) } };
}

const withoutDisk = (scene: Scene): Scene => ({ ...scene, disk: undefined });
const withoutNode = (scene: Scene): Scene => ({ ...scene, policy: { rules: scene.policy.rules } });

/** The level of a group's key: names hold no `/`. */
function levelOf(group: GroupKey): GroupLevel {
  return (['namespace', 'pod', 'container'] as const)[group.split('/').length - 1] ?? 'namespace';
}

function totalBytes(archives: readonly Archive[]): number {
  return archives.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** A plan without its rules and modes. */
function outcomes({ verdicts, unreachable }: Plan): unknown {
  const decided = verdicts.map(({ archive, reason, group, held }) => [idOf(archive), reason, group, held]);
  return { decided, unreachable: unreachable.map(({ limit, group, excess }) => [limit, group, excess]) };
}

const idOf = ({ node, name }: Archive): string => `${node}/${name}`;
const deletions = ({ verdicts }: Plan): Verdict[] => verdicts.filter(({ action }) => action === 'delete');
const namesOf = (verdicts: readonly Verdict[]): string[] =>
  verdicts.map(({ archive }) => idOf(archive)).sort();
const isNodeReason = ({ reason }: Verdict): boolean =>
  reason === 'abandoned' || reason === 'over-node-size' || reason === 'low-free-space';

/** Both lists in one order: the planner promises none. */
function sorted(limits: readonly UnreachableLimit[]): string[] {
  return limits
    .map((limit) => [limit.limit, limit.rule, limit.mode, limit.group, limit.excess].join(' '))
    .sort();
}

/** Whether limits can apply to an archive at all, said without the planner's code. */
function isCountable(archive: Archive): boolean {
  const isPast = archive.createdAtMs <= NOW_MS || archive.mtimeMs <= NOW_MS;
  return archive.state === 'complete' && archive.owner !== undefined && !archive.pinned && isPast;
}

function isNewer(a: Archive, b: Archive): boolean {
  const keys = [a, b].map((archive) => [
    orderTimeMs(archive, NOW_MS) ?? Number.NaN,
    archive.mtimeMs,
    archive.node,
    archive.name,
  ]);
  const [left = [], right = []] = keys;
  const differs = left.findIndex((value, at) => value !== right[at]);
  return differs >= 0 && (left[differs] ?? 0) > (right[differs] ?? 0);
}

/** Everything, wherever it lies, that shares a rule and its group at `level` with an archive, of copies the newest. */
function wholeGroup(scene: Scene, archive: Archive, level: GroupLevel): Archive[] {
  const { owner } = archive;
  const rule = owner && governingRule(scene.policy.rules, owner);
  const group = [...scene.archives, ...(rule?.scope === 'Node' ? [] : scene.remote)].filter(
    (other) =>
      isCountable(other) &&
      owner !== undefined &&
      other.owner !== undefined &&
      governingRule(scene.policy.rules, other.owner) === rule &&
      groupKey(level, other.owner) === groupKey(level, owner),
  );
  return group.filter(
    (one) =>
      one === archive ||
      (!isSameCheckpoint(one, archive) &&
        !group.some((other) => isSameCheckpoint(other, one) && isNewer(other, one))),
  );
}

/** Whether one is the other's copy. */
function isSameCheckpoint(a: Archive, b: Archive): boolean {
  return (
    a.name === b.name && a.owner !== undefined && b.owner !== undefined && isSameContainer(a.owner, b.owner)
  );
}

function isSameContainer(a: Owner, b: Owner): boolean {
  return groupKey('container', a) === groupKey('container', b);
}

/** Whether a copy elsewhere is not counted because of the node's own archive, which need not be counted itself. */
function standsForCopy({ remote }: Scene, archive: Archive): boolean {
  return archive.state === 'complete' && remote.some((other) => isSameCheckpoint(other, archive));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

describe('the planner and the reference planner', () => {
  law('agree on every verdict and on every limit that cannot be reached', (scene) => {
    const [planned, expected] = [plan(scene), referencePlan(toPlanInput(scene))];
    expect(planned.verdicts).toEqual(expected.verdicts);
    expect(sorted(planned.unreachable)).toEqual(sorted(expected.unreachable));
  });

  it('are compared on scenes in which every reason, obstacle and unreachable limit occurs', () => {
    const plans = fc.sample(scenes, { seed: 1, numRuns: 1_000 }).map(plan);
    const verdicts = plans.flatMap((one) => one.verdicts);
    const heldBy = (by: string) => [
      ...new Set(verdicts.filter(({ held }) => held?.by === by).map(({ held }) => held?.reason)),
    ];

    const reasons = new Map(Object.keys(REASONS).map((reason) => [reason, 0]));
    for (const { reason } of verdicts) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    expect([...reasons].filter(([, times]) => times < 20)).toEqual([]);
    expect(heldBy('keep-last').sort()).toEqual(['expired', 'over-count', 'over-total-size', 'oversize']);
    expect(heldBy('no-arrival').sort()).toEqual(['over-count', 'over-total-size', 'oversize']);
    expect(heldBy('clock').sort()).toEqual(['abandoned', 'expired']);
    expect(
      [...new Set(plans.flatMap(({ unreachable }) => unreachable.map(({ limit }) => limit)))].sort(),
    ).toEqual(['maxCheckpoints', 'maxTotalSize', 'minFreeSpace', 'nodeMaxTotalSize']);
  });
});

describe('whatever the scene,', () => {
  law('every archive gets one verdict, in the order given, and its action is that of its reason', (scene) => {
    const { verdicts } = plan(scene);
    expect(verdicts.map(({ archive }) => archive)).toEqual(scene.archives);
    for (const { action, reason } of verdicts) expect(action).toBe(REASONS[reason].action);
  });

  law('nothing in the input is changed', (scene) => {
    plan(deepFreeze(scene));
  });

  law('the order of archives, remote facts and due groups is irrelevant', (scene) => {
    const reversed: Scene = {
      ...scene,
      archives: scene.archives.toReversed(),
      remote: scene.remote.toReversed(),
      due: scene.due === 'all' ? 'all' : scene.due.toReversed(),
    };
    const [forward, backward] = [plan(scene), plan(reversed)];
    expect(backward.verdicts.toReversed()).toEqual(forward.verdicts);
    expect(sorted(backward.unreachable)).toEqual(sorted(forward.unreachable));
  });

  law('a pinned archive stays', (scene) => {
    for (const { archive, reason } of plan(scene).verdicts) {
      if (archive.pinned) expect(reason).toBe('pinned');
    }
  });

  law('a pin changes nothing for others but to take the archive out of its groups', (scene) => {
    const pinnedOut = {
      ...scene,
      archives: scene.archives.filter((archive) => !archive.pinned || standsForCopy(scene, archive)),
    };
    expect(deletions(plan(withoutDisk(scene)))).toEqual(deletions(plan(withoutDisk(pinnedOut))));
  });

  law('an incomplete archive goes for no reason but the node’s, and one being written for none', (scene) => {
    for (const verdict of deletions(plan(scene))) {
      expect(verdict.archive.state).not.toBe('writing');
      if (verdict.archive.state === 'incomplete') expect(isNodeReason(verdict)).toBe(true);
    }
  });

  law('incomplete and unattributed archives displace nothing', (scene) => {
    const clean = withoutDisk({
      ...scene,
      archives: scene.archives.filter((archive) => isCountable(archive) || standsForCopy(scene, archive)),
      remote: scene.remote.filter(isCountable),
    });
    const ofRules = (one: Scene) => deletions(plan(one)).filter((verdict) => !isNodeReason(verdict));
    expect(ofRules(clean)).toEqual(ofRules(withoutDisk(scene)));
  });

  law('a complete archive that nobody’s name is on, or from the future, never goes', (scene) => {
    for (const { archive } of deletions(plan(scene))) {
      if (archive.state === 'complete') expect(isCountable(archive)).toBe(true);
    }
  });

  law('only an owner confirmed absent makes an orphan', (scene) => {
    for (const { archive, reason } of plan(scene).verdicts) {
      if (reason !== 'orphaned' || archive.owner === undefined) continue;
      expect(scene.ownerStates[groupKey('container', archive.owner)]?.state).toBe('absent');
    }
  });

  law('an empty policy deletes nothing', (scene) => {
    expect(deletions(plan({ ...scene, policy: EMPTY_POLICY }))).toEqual([]);
  });

  law('every deletion names a rule of the policy whose limit for that reason is on', (scene) => {
    for (const { reason, rule, mode } of deletions(plan(scene))) {
      if (rule === undefined) throw new Error(`deleted without a rule: ${reason}`);
      expect([...scene.policy.rules, scene.policy.node]).toContain(rule);
      expect(mode).toBe(rule.mode);
      const has = (limit: number | undefined) => limit !== undefined && limit > 0;
      if ('groups' in rule) {
        const isOn = {
          orphaned: !rule.retainOrphan,
          expired: has(rule.maxAgeMs),
          oversize: has(rule.maxArchiveBytes),
          'over-count': rule.groups.some(({ maxCount }) => has(maxCount)),
          'over-total-size': rule.groups.some(({ maxTotalBytes }) => has(maxTotalBytes)),
        };
        expect(isOn).toHaveProperty(reason, true);
      } else {
        const isOn = {
          abandoned: has(rule.maxIncompleteAgeMs),
          'over-node-size': has(rule.maxTotalBytes),
          'low-free-space': rule.minFree !== undefined,
        };
        expect(isOn).toHaveProperty(reason, true);
      }
    }
  });
});

describe('a group', () => {
  law(
    'loses an archive to its count or total only when the newer ones of the whole group fill that limit',
    (scene) => {
      const partlyKnown = { ...scene, remote: scene.remote.filter((_, index) => index % 2 === 0) };
      for (const { archive, reason, rule, group } of plan(partlyKnown).verdicts) {
        if (group === undefined || rule === undefined || !('groups' in rule)) continue;
        const limits = rule.groups.find(({ level }) => level === levelOf(group));
        const newer = wholeGroup(scene, archive, levelOf(group)).filter((other) => isNewer(other, archive));
        if (reason === 'over-count')
          expect(newer.length).toBeGreaterThanOrEqual(limits?.maxCount ?? Infinity);
        else expect(totalBytes([archive, ...newer])).toBeGreaterThan(limits?.maxTotalBytes ?? Infinity);
      }
    },
  );

  law('never keeps an archive without protection when it gives up a newer one', (scene) => {
    const { verdicts } = plan(withoutDisk(scene));
    for (const { archive, group } of verdicts) {
      if (group === undefined) continue;
      const members = new Set(wholeGroup(scene, archive, levelOf(group)));
      for (const other of verdicts) {
        if (!members.has(other.archive) || !isNewer(archive, other.archive)) continue;
        expect(other.action === 'delete' || other.held?.by === 'keep-last').toBe(true);
      }
    }
  });

  law('of a container keeps its newest keepLast complete archives, except from being orphaned', (scene) => {
    for (const { archive, reason } of deletions(plan(scene))) {
      const rule = archive.owner && governingRule(scene.policy.rules, archive.owner);
      if (rule === undefined || !isCountable(archive) || reason === 'orphaned') continue;
      const newer = wholeGroup(scene, archive, 'container').filter((other) => isNewer(other, archive));
      expect(newer.length).toBeGreaterThanOrEqual(rule.keepLast);
    }
  });

  law(
    'loses nothing to a count or size limit unless something has arrived in it or its rule acts at once',
    (scene) => {
      for (const { archive, reason, rule, group } of plan(scene).verdicts) {
        if (rule === undefined || !('groups' in rule) || rule.applyImmediately || scene.due === 'all')
          continue;
        if (archive.owner === undefined || !(group !== undefined || reason === 'oversize')) continue;
        expect(scene.due).toContain(
          group ?? groupKey(rule.level === 'global' ? 'container' : rule.level, archive.owner),
        );
      }
    },
  );
});

describe('two plans', () => {
  law('are the same whether limits act at once or everything is due', (scene) => {
    const atOnce = withRules({ ...scene, due: [] }, (rule) => ({ ...rule, applyImmediately: true }));
    expect(outcomes(plan(atOnce))).toEqual(outcomes(plan({ ...scene, due: 'all' })));
  });

  law(
    'are the same for a namespace alone and among others, where the disk does not tie them together',
    (scene) => {
      const whole = plan(withoutDisk(scene));
      for (const namespace of NAMESPACES) {
        const isIn = ({ owner }: Archive) => owner?.namespace === namespace;
        const alone = withoutDisk({
          ...scene,
          archives: scene.archives.filter(isIn),
          remote: scene.remote.filter(isIn),
        });
        const { verdicts, unreachable } = plan(alone);
        expect(verdicts).toEqual(whole.verdicts.filter(({ archive }) => isIn(archive)));
        const ofNamespace = whole.unreachable.filter(({ group }) => group?.split('/')[0] === namespace);
        expect(sorted(unreachable)).toEqual(sorted(ofNamespace));
      }
    },
  );

  law('in a row: the second finds nothing more to delete', (scene) => {
    const first = withoutDisk({ ...scene, remote: [], due: 'all' });
    const kept = plan(first).verdicts.filter(({ action }) => action === 'keep');
    expect(deletions(plan({ ...first, archives: kept.map(({ archive }) => archive) }))).toEqual([]);
  });

  law('of an audited and an enforced policy decide the same', (scene) => {
    const inMode = (mode: Mode): Scene => {
      const { node, rules } = scene.policy;
      const policy = { rules: rules.map((rule) => ({ ...rule, mode })), node: node && { ...node, mode } };
      return { ...scene, policy };
    };
    expect(outcomes(plan(inMode('Audit')))).toEqual(outcomes(plan(inMode('Enforce'))));
  });

  law('are the same with and without remote facts where every rule has the scope Node', (scene) => {
    const perNode = withRules(scene, (rule) => ({ ...rule, scope: 'Node' }));
    expect(plan(perNode)).toEqual(plan({ ...perNode, remote: [] }));
  });

  law(
    'agree over a cluster: nodes that know of each other decide together what one planner of all would',
    (scene) => {
      const cluster = withRules(withoutNode(scene), (rule) => ({ ...rule, scope: 'Cluster' }));
      // Without copies: one planner of all would see two files of its own.
      const all = [...scene.archives, ...scene.remote].map((archive) => ({
        ...archive,
        name: idOf(archive),
      }));
      const nodes = [...new Set(all.map(({ node }) => node))].map((node) => {
        const own = all.filter((archive) => archive.node === node);
        return plan({ ...cluster, archives: own, remote: all.filter((archive) => archive.node !== node) });
      });
      const byId = (verdicts: readonly Verdict[]) =>
        new Map(verdicts.map((verdict) => [idOf(verdict.archive), verdict]));
      const together = plan({ ...cluster, archives: all, remote: [] });
      expect(byId(nodes.flatMap(({ verdicts }) => verdicts))).toEqual(byId(together.verdicts));
    },
  );
});

/**
 * Less information never deletes more, as long as no step feeds another. Where one does, an archive that a step cannot
 * take for want of information stays, and may then fill a later group that it would have left: older archives of that
 * group go which full information would keep. What holds there, and everywhere, is the first law of a group above.
 */
describe('nothing more is deleted', () => {
  const expectSubset = (less: Scene, more: Scene) => {
    const allowed = new Set(namesOf(deletions(plan(withoutDisk(more)))));
    expect(namesOf(deletions(plan(withoutDisk(less)))).filter((name) => !allowed.has(name))).toEqual([]);
  };
  const eachLevelAlone = (scene: Scene): Scene[] =>
    (['container', 'pod', 'namespace'] as const).map((only) =>
      withRules(scene, (rule) => ({
        ...rule,
        groups: rule.level === 'global' ? rule.groups.filter(({ level }) => level === only) : rule.groups,
      })),
    );

  law('when the clock is not trusted', (scene) => {
    expectSubset({ ...scene, clockTrusted: false }, { ...scene, clockTrusted: true });
  });

  law('when less is known of owners, in groups of one owner', (scene) => {
    const ofOneOwner = withRules(scene, (rule) => ({
      ...rule,
      groups: rule.groups.filter(({ level }) => level === 'container'),
    }));
    expectSubset({ ...ofOneOwner, ownerStates: {} }, ofOneOwner);
  });

  law('when remote facts are missing, in groups that no other step feeds', (scene) => {
    for (const level of eachLevelAlone(scene)) {
      const alone = withRules(level, (rule) => ({ ...rule, maxArchiveBytes: undefined }));
      const half = alone.remote.filter((_, index) => index % 2 === 0);
      expectSubset({ ...alone, remote: half }, alone);
      expectSubset({ ...alone, remote: [] }, { ...alone, remote: half });
    }
  });

  law('when less is due, in groups that no other step feeds', (scene) => {
    for (const level of eachLevelAlone(scene)) {
      const alone = withRules(level, (rule) =>
        rule.level === 'global' ? { ...rule, maxArchiveBytes: undefined } : rule,
      );
      expectSubset(alone, { ...alone, due: 'all' });
      expectSubset({ ...alone, due: [] }, alone);
    }
  });
});

describe('a node rule', () => {
  law('evicts nothing while its limits hold', (scene) => {
    const { node, rules } = scene.policy;
    const roomy = { ...scene, disk: { sizeBytes: 100, availBytes: 100 } };
    const policy = { rules, node: node && { ...node, maxTotalBytes: totalBytes(scene.archives) } };
    const reasons = new Set(plan({ ...roomy, policy }).verdicts.map(({ reason }) => reason));
    expect(reasons).not.toContain('over-node-size');
    expect(reasons).not.toContain('low-free-space');
  });

  law('evicts no complete archive while an incomplete leftover is there', (scene) => {
    const { verdicts } = plan(scene);
    const evictsComplete = verdicts.some(
      (verdict) => isNodeReason(verdict) && verdict.archive.state === 'complete',
    );
    if (evictsComplete) expect(verdicts.map(({ reason }) => reason)).not.toContain('incomplete');
  });

  law('leaves its limits held, or says by how much they are not', (scene) => {
    const { node } = scene.policy;
    if (node === undefined || scene.disk === undefined) return;
    const { verdicts, unreachable } = plan(scene);
    const isThere = ({ action, mode }: Verdict) =>
      action === 'keep' || (mode === 'Audit' && node.mode === 'Enforce');
    const leftBytes = totalBytes(verdicts.filter(isThere).map(({ archive }) => archive));
    const excess = unreachable.find(({ limit }) => limit === 'nodeMaxTotalSize')?.excess ?? 0;
    expect(leftBytes - excess).toBeLessThanOrEqual(node.maxTotalBytes || Infinity);
  });
});
