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
  return createPolicySlimmer()({
    metadata: { name, uid: name, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec,
  });
}

function rig() {
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
    { agentPort: 9464, fixedAgents: [] },
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
