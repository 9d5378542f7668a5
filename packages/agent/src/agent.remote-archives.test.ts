import { setImmediate } from 'node:timers/promises';
import {
  CONFIRMS_HEADER,
  formatConfirmation,
  type GroupArchive,
  type NewestAnswer,
  type RemoteGroup,
  type State,
  toWireTime,
} from '@checkpoint-warden/api';
import { ruleHashAlone } from '@checkpoint-warden/api/testing/rule-hash-alone';
import { type ManualClock, manualClock } from '@checkpoint-warden/kit/testing';
import type { Policy } from '@checkpoint-warden/policy';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AUDIT_GROUP_SIZE } from './state/audit-log.ts';
import { policyOf } from './testing/agent-rig.ts';
import { message } from './testing/api-rig.ts';
import { archiveFileName } from './testing/build-archive.ts';
import { type MemoryAgent, type MemoryAgentHooks, makeMemoryAgent } from './testing/memory-agent.ts';
import { type MemoryDisk, memoryDisk } from './testing/memory-disk.ts';

const OWNER = { namespace: 'shop', pod: 'web-0', container: 'app' };
const KEYS = ['shop/web-0', 'shop/web-0/app'];
const TWO = policyOf('globalPolicy: {maxCheckpointsPerPod: 2}');
const THREE = policyOf('globalPolicy: {maxCheckpointsPerPod: 3}');
const TWO_ON_EACH = policyOf('globalPolicy: {maxCheckpointsPerPod: 2, scope: Node}');
const EPOCH = { leaseCreatedMs: Date.UTC(2026, 0, 1), leaseTransitions: 3 };

let clock: ManualClock;
let disk: MemoryDisk;
let agent: MemoryAgent;
let revision: number;

beforeEach(() => {
  clock = manualClock(Date.UTC(2026, 0, 2));
  disk = memoryDisk(clock);
  revision = 0;
});
afterEach(() => agent.stop());

const nameOf = (second: number): string => archiveFileName(OWNER, new Date(second * 1_000));

function put(second: number): string {
  const content = { structure: 'complete', owner: OWNER, sizeBytes: 1, mtimeMs: second * 1_000 } as const;
  disk.store.put(nameOf(second), content);
  return nameOf(second);
}

/** The seconds of the archives that are there. */
function left(): number[] {
  const seconds = new Map(Array.from({ length: 1_000 }, (_, second) => [nameOf(second), second]));
  return [...disk.store.files.keys()].map((name) => seconds.get(name) ?? -1).sort((a, b) => a - b);
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await setImmediate();
}

async function start(policy: Policy | undefined, hooks: MemoryAgentHooks = {}): Promise<void> {
  agent = makeMemoryAgent({ node: 'n', clock, random: Math.random, disk, hooks });
  await settle();
  if (policy !== undefined) await enforce(policy);
}

const head = (transitions = 3) => ({
  ...message(++revision, { leaseTransitions: transitions }),
  node: 'n',
  sentAt: toWireTime(clock.nowMs()),
});

async function enforce(policy: Policy): Promise<void> {
  expect(agent.call({ method: 'PUT', path: '/v1/policy', body: { ...head(), policy } }).status).toBe(200);
  await settle();
}

/** Archives of another node, of those seconds. */
function remote(seconds: readonly number[], node = 'other'): RemoteGroup['nodes'][number] {
  const archives = seconds.map(
    (second): GroupArchive => ({
      name: nameOf(second),
      pod: OWNER.pod,
      container: OWNER.container,
      bytes: 1,
      countsAsMs: second * 1_000,
      mtimeMs: second * 1_000,
    }),
  );
  return { node, archives };
}

function groupUnder(policy: Policy, nodes: RemoteGroup['nodes'], due: string[] = []): RemoteGroup {
  const [rule] = policy.rules;
  if (rule === undefined) throw new Error('a policy without rules');
  return { group: 'shop/web-0', rule: ruleHashAlone(rule), due, nodes };
}

/** Tells of groups, as of now. Returns the revision. */
function tell(groups: readonly RemoteGroup[], olderMs = 0): number {
  const { moment: asOf } = agent.service.state();
  const body = { ...head(), asOf, olderMs, groups };
  expect(agent.call({ method: 'PUT', path: '/v1/remote-archives', body }).status).toBe(200);
  return revision;
}

async function arrive(second: number): Promise<void> {
  agent.agent.hint(put(second));
  await settle();
}

const stateOf = (headers: Record<string, string> = {}): State =>
  agent.call({ method: 'GET', path: '/v1/state', headers }).body as State;

const confirm = (confirmed: Partial<Parameters<typeof formatConfirmation>[0]> = {}): void => {
  const { moment: asOf } = agent.service.state();
  const text = formatConfirmation({ epoch: EPOCH, revision, asOf, olderMs: 0, ...confirmed });
  stateOf({ [CONFIRMS_HEADER]: text });
};

describe('an agent that was told of archives on other nodes', () => {
  it('deletes at once what they push out of a group with an arrival elsewhere, without a scan', async () => {
    put(1);
    put(2);
    await start(TWO);
    const { lastScan } = agent.agent.status();
    clock.advance(1_000);
    tell([groupUnder(TWO, [remote([3])], KEYS)]);
    await settle();
    expect(left()).toEqual([2]);
    expect(agent.agent.status().lastScan).toEqual(lastScan);
    expect(agent.agent.status().due).toBe(0);
  });

  it('counts them once something arrives here, and not before', async () => {
    put(1);
    put(2);
    await start(TWO);
    tell([groupUnder(TWO, [remote([3])])]);
    await settle();
    expect(left()).toEqual([1, 2]);
    await arrive(4);
    expect(left()).toEqual([4]);
  });

  it('counts each once, in however many groups it was named', async () => {
    put(1);
    put(2);
    await start(THREE);
    const named = groupUnder(THREE, [remote([3]), remote([4], 'third')], KEYS);
    tell([named, { ...named, group: 'shop/web-0/app' }]);
    await settle();
    expect(left()).toEqual([2]);
  });

  it('counts copies once: an archive that was copied or moved costs no other one its place', async () => {
    for (const second of [1, 2, 3]) put(second);
    await start(THREE);
    tell([groupUnder(THREE, [remote([2, 3]), remote([3], 'third')], KEYS)]);
    await settle();
    expect(left()).toEqual([1, 2, 3]);
    tell([groupUnder(THREE, [remote([3, 4]), remote([4], 'third')], KEYS)]);
    await settle();
    expect(left()).toEqual([2, 3]);
  });

  it('knows its own archives better than what is said of them', async () => {
    put(1);
    put(2);
    await start(TWO);
    tell([groupUnder(TWO, [remote([1, 2, 7, 8], 'n')], KEYS)]);
    await settle();
    expect(left()).toEqual([1, 2]);
  });

  it('is due where its own archives alone are named with the arrival: they fill the limit', async () => {
    for (const second of [1, 2, 3]) put(second);
    await start(TWO);
    tell([groupUnder(TWO, [remote([2, 3], 'n')], KEYS)]);
    await settle();
    expect(left()).toEqual([2, 3]);
  });

  it.each<[string, Policy, Policy]>([
    ['under the rule before the last edit', TWO, policyOf('globalPolicy: {maxCheckpointsPerPod: 1}')],
    ['under a rule for each node, whatever it is said to be', TWO_ON_EACH, TWO_ON_EACH],
  ])('passes over archives and arrivals %s', async (_, told, inForce) => {
    put(1);
    put(2);
    await start(inForce);
    tell([groupUnder(told, [remote([3, 4])], KEYS)]);
    await settle();
    expect(left()).toEqual([1, 2]);
    await arrive(5);
    expect(left()).toEqual(inForce === TWO_ON_EACH ? [2, 5] : [5]);
  });

  it('does not act when the rule was edited, until something arrives under the new one', async () => {
    put(1);
    put(2);
    await start(THREE);
    tell([groupUnder(THREE, [remote([3])], KEYS)]);
    await settle();
    expect(left()).toEqual([1, 2]);
    await enforce(TWO);
    expect(left()).toEqual([1, 2]);
    tell([groupUnder(TWO, [remote([3])])]);
    await settle();
    expect(left()).toEqual([1, 2]);
    tell([groupUnder(TWO, [remote([3])], KEYS)]);
    await settle();
    expect(left()).toEqual([2]);
  });

  it('does not believe that they are fresh when its clock has stepped', async () => {
    put(1);
    put(2);
    await start(TWO);
    clock.setWall(clock.nowMs() + 3_600_000);
    tell([groupUnder(TWO, [remote([3])], KEYS)]);
    await settle();
    expect(left()).toEqual([1, 2]);
  });

  it('forgets them at a restart, and says so', async () => {
    put(1);
    put(2);
    await start(TWO);
    const told = tell([groupUnder(TWO, [remote([3])])]);
    expect(stateOf().remoteArchives).toMatchObject({ revision: told });
    agent.kill();
    await start(undefined);
    expect(stateOf()).not.toHaveProperty('remoteArchives');
    confirm({ revision: told });
    await arrive(4);
    expect(left()).toEqual([2, 4]);
  });

  it('counts them in what it would decide, and under a candidate policy as well', async () => {
    put(1);
    put(2);
    await start(TWO);
    tell([groupUnder(TWO, [remote([3])])]);
    const plan = agent.agent.plan();
    expect(plan.verdicts).toMatchObject([
      { held: { by: 'no-arrival', reason: 'over-count' } },
      { reason: 'within-limits' },
    ]);
    const candidate = agent.agent.plan(policyOf('globalPolicy: {maxCheckpointsPerPod: 1}'));
    expect(candidate.verdicts.map(({ action }) => action)).toEqual(['delete', 'delete']);
  });

  it('tells of no limit out of reach in a group that it has no archive of', async () => {
    put(1);
    const policy = policyOf(
      'globalPolicy: {maxTotalSizePerContainer: 1Mi, maxCheckpointsPerNamespace: 9, keepLast: 1}',
    );
    await start(policy);
    const { archives } = remote([3]);
    const large = archives.map((archive) => ({ ...archive, pod: 'web-1', bytes: 2 ** 21 }));
    tell([{ ...groupUnder(policy, [{ node: 'other', archives: large }]), group: 'shop' }]);
    agent.agent.rescan();
    await settle();
    expect(agent.agent.plan().unreachable).toHaveLength(1);
    expect(stateOf().unreachable.count).toBe(0);
  });
});

describe('how long archives on other nodes count', () => {
  beforeEach(async () => {
    put(1);
    put(2);
    await start(TWO);
  });

  it.each([
    [60_000, 0, [4]],
    [60_001, 0, [2, 4]],
    [59_000, 1_000, [4]],
    [59_001, 1_000, [2, 4]],
  ])(
    '%d ms after they were told, as of %d ms before, there are left %j',
    async (laterMs, olderMs, expected) => {
      tell([groupUnder(TWO, [remote([3])])], olderMs);
      await settle();
      clock.advance(laterMs);
      await arrive(4);
      expect(left()).toEqual(expected);
    },
  );

  it('is longer when they are confirmed', async () => {
    tell([groupUnder(TWO, [remote([3])])]);
    clock.advance(59_000);
    confirm();
    clock.advance(60_000);
    await arrive(4);
    expect(left()).toEqual([4]);
  });

  it('begins again when they are confirmed after all, and they act at once', async () => {
    tell([groupUnder(TWO, [remote([3])], KEYS)]);
    await settle();
    clock.advance(60_001);
    await arrive(4);
    expect(left()).toEqual([2, 4]);
    confirm();
    await settle();
    expect(left()).toEqual([4]);
  });

  it('is as long as the latest confirmation says', async () => {
    tell([groupUnder(TWO, [remote([3])])]);
    clock.advance(50_000);
    confirm();
    confirm({ olderMs: 40_000 });
    clock.advance(60_000);
    await arrive(4);
    expect(left()).toEqual([4]);
  });

  it.each<[string, () => Parameters<typeof confirm>[0]]>([
    ['another revision', () => ({ revision: revision + 1 })],
    ['an earlier revision', () => ({ revision: revision - 1 })],
    ['a later epoch', () => ({ epoch: { ...EPOCH, leaseTransitions: 4 } })],
    ['an earlier epoch', () => ({ epoch: { ...EPOCH, leaseTransitions: 2 } })],
    ['another start of the agent', () => ({ asOf: `before/${clock.monotonicMs()}` })],
    ['a moment to come', () => ({ asOf: `${agent.instance}/${clock.monotonicMs() + 1}`, olderMs: 1 })],
    ['no moment', () => ({ asOf: 'x' })],
    ['a time that is over', () => ({ olderMs: 60_001 })],
  ])('is no longer by a confirmation of %s', async (_, confirmed) => {
    tell([groupUnder(TWO, [remote([3])])]);
    clock.advance(60_001);
    confirm(confirmed());
    await arrive(4);
    expect(left()).toEqual([2, 4]);
  });

  it.each(['/v1/policy', '/v1/owners'])(
    'is no longer by a confirmation of the leader before, once a later one was obeyed at %s',
    async (path) => {
      const told = tell([groupUnder(TWO, [remote([3])])]);
      clock.advance(30_000);
      const { moment: asOf } = agent.service.state();
      const said = path === '/v1/policy' ? { policy: TWO } : { asOf, absent: [] };
      expect(agent.call({ method: 'PUT', path, body: { ...head(4), ...said } }).status).toBe(200);
      await settle();
      clock.advance(30_001);
      confirm({ revision: told });
      await arrive(4);
      expect(left()).toEqual([2, 4]);
    },
  );
});

describe('a plan that counts archives on other nodes', () => {
  const ARCHIVES = 2 * AUDIT_GROUP_SIZE;
  const limited = policyOf(`globalPolicy: {maxCheckpointsPerPod: ${ARCHIVES}}`);
  const newer = Array.from({ length: ARCHIVES }, (_, index) => ARCHIVES + index);

  /** Deletes all archives by what is told, in two batches; `meanwhile` happens as the first begins. */
  async function leftWhen(meanwhile: () => void): Promise<number> {
    for (let second = 0; second < ARCHIVES; second++) put(second);
    let batches = 0;
    const onIntents = (): void => {
      if (++batches === 1) meanwhile();
    };
    await start(limited, { onIntents });
    tell([groupUnder(limited, [remote(newer)], KEYS)]);
    await settle();
    return disk.store.files.size;
  }

  it('is carried out to its end while nothing else is said', async () => {
    expect(await leftWhen(() => {})).toBe(0);
  });

  it('is not carried on when something else is said', async () => {
    expect(await leftWhen(() => tell([]))).toBe(ARCHIVES - AUDIT_GROUP_SIZE);
  });

  it('is not carried on when they are too old by then', async () => {
    expect(await leftWhen(() => clock.advance(60_001))).toBe(ARCHIVES - AUDIT_GROUP_SIZE);
  });

  it('is carried on when they are confirmed in between, as nothing has changed', async () => {
    const later = () => {
      clock.advance(59_000);
      confirm();
      clock.advance(1_001);
    };
    expect(await leftWhen(later)).toBe(0);
  });
});

describe('what an agent says of arrivals', () => {
  const dueUnder = (policy: Policy): readonly string[] | undefined => {
    const { group, rule } = groupUnder(policy, []);
    const body = { groups: [{ group, rule }] };
    const answer = agent.call({ method: 'POST', path: '/v1/groups', body }).body as NewestAnswer;
    return answer.groups[0]?.due;
  };

  it('stays after the limits have acted and over restarts, and not when the rule was edited', async () => {
    put(1);
    await start(TWO);
    expect(dueUnder(TWO)).toEqual([]);
    await arrive(2);
    expect(agent.agent.status().due).toBe(0);
    expect(dueUnder(TWO)).toEqual(KEYS);
    await agent.stop();
    await start(undefined);
    expect(agent.agent.status().due).toBe(0);
    expect(dueUnder(TWO)).toEqual(KEYS);
    await enforce(THREE);
    expect(dueUnder(THREE)).toEqual([]);
    expect(dueUnder(TWO)).toBeUndefined();
    await arrive(3);
    expect(dueUnder(THREE)).toEqual(KEYS);
    await enforce(TWO);
    expect(dueUnder(TWO)).toEqual([]);
  });

  it('is the same before the limits have acted', async () => {
    put(1);
    let during: readonly string[] | undefined;
    const policy = policyOf('globalPolicy: {maxCheckpointsPerPod: 1}');
    await start(policy, {
      onIntents: () => {
        during = dueUnder(policy);
      },
    });
    await arrive(2);
    expect(during).toEqual(KEYS);
    expect(dueUnder(policy)).toEqual(KEYS);
  });

  it('ends with the last archive of the group', async () => {
    put(1);
    await start(TWO);
    await arrive(2);
    expect(agent.inventory.arrivedUnder('shop/web-0').size).toBe(1);
    for (const name of [...disk.store.files.keys()]) disk.store.erase(name);
    agent.agent.rescan();
    await settle();
    expect(agent.inventory.arrivedUnder('shop/web-0').size).toBe(0);
    await agent.stop();
    await start(undefined);
    put(3);
    expect(agent.inventory.arrivedUnder('shop/web-0').size).toBe(0);
  });
});
