import { createWaker } from '@checkpoint-warden/kit';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentPlace, AgentPod } from '../agents/agent-place.ts';
import { allSettled } from '../testing/all-settled.ts';
import type { Orders } from './assign-orders.ts';
import { createPolicySlimmer, type KnownPolicy } from './policy-resource.ts';
import { createReconciler } from './reconciler.ts';
import type { Labels } from './resolve-policies.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

function agentPod(node: string): AgentPod {
  return { node, ip: '10.0.0.1', name: `agent-${node}`, createdAt: '', isReady: true, notRunning: undefined };
}

function known(name: string, spec: unknown): KnownPolicy {
  return createPolicySlimmer(() => undefined)({
    metadata: { name, uid: name, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec,
  });
}

function rig({ fixedAgents = [] }: { fixedAgents?: readonly AgentPlace[] } = {}) {
  const policies = new Map<string, KnownPolicy>();
  const nodes = new Map<string, Labels>();
  const agentPods = new Map<string, AgentPod>();
  const world = { complete: true };
  const followed: { places: ReadonlyMap<string, AgentPlace>; orders: Orders }[] = [];
  const still = {
    synced: true,
    resourceVersion: undefined,
    trouble: undefined,
    whenSynced: async () => {},
    listAnew: () => {},
    run: async () => {},
  };
  const waker = createWaker(manualClock());
  const reconciler = createReconciler(
    {
      cluster: {
        policies: { ...still, objects: policies },
        nodes: { ...still, objects: nodes },
        agentPods: { ...still, objects: agentPods },
        isComplete: () => world.complete,
      },
      fleet: { follow: (places, orders) => void followed.push({ places, orders }) },
      events: { reports: () => {} },
      waker,
    },
    { agentPort: 9464, fixedAgents },
  );
  const stop = new AbortController();
  return {
    policies,
    nodes,
    agentPods,
    world,
    followed,
    reconciler,
    async start() {
      const ended = reconciler.run(stop.signal);
      stops.push(() => {
        stop.abort();
        return ended;
      });
      await allSettled();
    },
    async wake() {
      waker.wake();
      await allSettled();
    },
    rules: () =>
      Object.fromEntries(
        [...(followed.at(-1)?.orders.byNode ?? [])].map(([node, { revision, policy }]) => [
          node,
          `${revision} ${policy.rules.map(({ id }) => id).join()}`,
        ]),
      ),
  };
}

const LIMIT = { globalPolicy: { maxCheckpointsPerContainer: 3 } };

describe('the reconciler', () => {
  it('tells nobody anything before policies, nodes and agents are all known', async () => {
    const it = rig();
    it.world.complete = false;
    it.agentPods.set('a', agentPod('node-1'));
    await it.start();
    expect([it.followed, it.reconciler.last]).toEqual([[], undefined]);
    it.world.complete = true;
    await it.wake();
    expect(it.followed).toHaveLength(1);
  });

  it('gives each node what applies to it, and a new revision only to nodes for which something has changed', async () => {
    const it = rig();
    it.policies.set('gpu', known('gpu', { ...LIMIT, nodeSelector: { pool: 'gpu' } }));
    for (const node of ['node-1', 'node-2']) it.agentPods.set(node, agentPod(node));
    it.nodes.set('node-1', { pool: 'gpu' });
    it.nodes.set('node-2', {});
    await it.start();
    expect(it.rules()).toEqual({ 'node-1': '1 gpu/globalPolicy', 'node-2': '1 ' });
    it.nodes.set('node-2', { pool: 'gpu' });
    await it.wake();
    expect(it.rules()).toEqual({ 'node-1': '1 gpu/globalPolicy', 'node-2': '2 gpu/globalPolicy' });
    expect(it.reconciler.last?.applies('gpu', 'node-2')).toBe(true);
    expect(it.reconciler.last?.applies('gpu', 'node-3')).toBe(false);
  });

  it('tells which policies apply where an agent should run and does not, and gives it no order', async () => {
    const it = rig();
    it.policies.set('default', known('default', LIMIT));
    it.agentPods.set('a', agentPod('node-1'));
    it.agentPods.set('b', { ...agentPod('node-2'), ip: undefined, notRunning: 'Pending' });
    await it.start();
    expect(it.rules()).toEqual({ 'node-1': '1 default/globalPolicy' });
    expect(it.reconciler.last?.idle).toEqual(new Map([['node-2', 'pod agent-node-2 does not run: Pending']]));
    expect(it.reconciler.last?.applies('default', 'node-2')).toBe(true);
  });

  it('judges policies anew when it is told that they have changed', async () => {
    const it = rig();
    it.agentPods.set('a', agentPod('node-1'));
    await it.start();
    it.policies.set('default', known('default', LIMIT));
    it.reconciler.policiesChanged();
    await it.wake();
    expect(it.rules()).toEqual({ 'node-1': '2 default/globalPolicy' });
    expect(it.reconciler.last?.reports.map(({ object }) => object.metadata.name)).toEqual(['default']);
  });
});

describe('where no Node object is known', () => {
  const GPU = known('gpu', { ...LIMIT, nodeSelector: { pool: 'gpu' } });
  const DEFAULT = known('default', { namespacePolicies: [{ namespace: 'dev', maxCheckpoints: 1 }] });
  const EVERYWHERE = 'default/namespacePolicies[0]';

  function gpuRig() {
    const it = rig();
    it.policies.set('gpu', GPU);
    it.policies.set('default', DEFAULT);
    it.agentPods.set('a', agentPod('gpu-1'));
    return it;
  }

  /** The agent of a host that was given by `--agent`, and no pod. */
  function fixedRig(node: string) {
    const it = rig({ fixedAgents: [{ node, url: `https://${node}:9464`, origin: '--agent' }] });
    it.policies.set('gpu', GPU);
    it.policies.set('default', DEFAULT);
    return it;
  }

  it('an agent gets no order while some object has a nodeSelector, and its own once the Node is known', async () => {
    const it = gpuRig();
    await it.start();
    expect([...(it.followed.at(-1)?.places.keys() ?? [])]).toEqual(['gpu-1']);
    expect(it.rules()).toEqual({});
    expect(it.reconciler.last?.unresolved).toEqual(new Set(['gpu-1']));
    expect(it.reconciler.last?.applies('default', 'gpu-1')).toBe(true);
    expect(it.reconciler.last?.applies('gpu', 'gpu-1')).toBe(false);
    it.nodes.set('gpu-1', { pool: 'gpu' });
    await it.wake();
    expect(it.rules()).toEqual({ 'gpu-1': `1 ${EVERYWHERE},gpu/globalPolicy` });
    expect(it.reconciler.last?.unresolved).toEqual(new Set());
  });

  it('an agent keeps the order that it had, also when policies change, until the Node is known again', async () => {
    const it = gpuRig();
    it.nodes.set('gpu-1', { pool: 'gpu' });
    await it.start();
    const before = it.rules();
    it.nodes.delete('gpu-1');
    await it.wake();
    expect(it.rules()).toEqual(before);
    it.policies.set('new', known('new', { namespacePolicies: [{ namespace: 'qa', maxCheckpoints: 1 }] }));
    it.reconciler.policiesChanged();
    await it.wake();
    expect(it.rules()).toEqual(before);
    expect(it.reconciler.last?.unresolved).toEqual(new Set(['gpu-1']));
    expect(['gpu', 'default', 'new'].map((name) => it.reconciler.last?.applies(name, 'gpu-1'))).toEqual([
      true,
      true,
      true,
    ]);
    it.nodes.set('gpu-1', { pool: 'gpu' });
    await it.wake();
    expect(it.rules()).toEqual({ 'gpu-1': `2 ${EVERYWHERE},gpu/globalPolicy,new/namespacePolicies[0]` });
  });

  it('an agent gets what applies everywhere when no object has a nodeSelector', async () => {
    const it = gpuRig();
    it.policies.delete('gpu');
    await it.start();
    expect(it.rules()).toEqual({ 'gpu-1': `1 ${EVERYWHERE}` });
    expect(it.reconciler.last?.unresolved).toEqual(new Set());
  });

  it('an agent given by --agent gets what applies everywhere: it may be on no node of the cluster', async () => {
    const it = fixedRig('host-1');
    await it.start();
    expect(it.rules()).toEqual({ 'host-1': `1 ${EVERYWHERE}` });
    expect(it.reconciler.last?.unresolved).toEqual(new Set());
  });

  it('an agent given by --agent keeps its order as well, once a Node of its name has been seen', async () => {
    const it = fixedRig('gpu-1');
    it.nodes.set('gpu-1', { pool: 'gpu' });
    await it.start();
    const before = it.rules();
    it.nodes.delete('gpu-1');
    await it.wake();
    expect(it.rules()).toEqual(before);
    expect(it.reconciler.last?.unresolved).toEqual(new Set(['gpu-1']));
  });

  it('what is left out of its old order is not reported of the policies as they are', async () => {
    const it = gpuRig();
    it.policies.set('old', known('a-older', { globalPolicy: { maxCheckpointsPerContainer: 1 } }));
    it.nodes.set('gpu-1', { pool: 'gpu' });
    await it.start();
    const conflicts = () => it.reconciler.last?.reports.flatMap((report) => report.conflicts);
    expect(conflicts()).toHaveLength(1);
    it.nodes.delete('gpu-1');
    it.policies.delete('old');
    it.reconciler.policiesChanged();
    await it.wake();
    expect(conflicts()).toEqual([]);
  });
});
