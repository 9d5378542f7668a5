import { setTimeout } from 'node:timers/promises';
import type { RowResult } from '../bench/table.ts';
import { sharedMs } from './clock.ts';
import { measureMemory } from './controller-memory.ts';
import { measureDeadAgents, measureMassRestart } from './mass-restart.ts';
import { measurePodDeletion, timeFirstDeletion } from './pod-deletion.ts';
import { measurePolicyEdit } from './policy-edit.ts';
import type { ScaleRig } from './scale-rig.ts';
import { measureSharedGroups } from './shared-groups.ts';
import { measureSteadyState, plain } from './steady-state.ts';
import { measureSurplusGone } from './surplus-gone.ts';
import { measureTakeOver } from './take-over.ts';

const LOOK_MS = 500;

/** How long is measured. */
export interface ScaleEffort {
  readonly edits: number;
  readonly steadyMs: number;
  /** From agents that die to the second edit. */
  readonly laterMs: number;
  /** Archives that arrive, each in another namespace. */
  readonly arrivals: number;
  /** Archives that arrive on one node and are one too many for another, one after the other; each waits for a poll. */
  readonly surplus: number;
  /** How long nothing changes after all were told of each other's archives. */
  readonly quietMs: number;
  /** Whether the leader is killed at the end, which takes as long as its Lease is good. */
  readonly takeOver: boolean;
}

/** Measures everything about a controller in a cluster, in an order in which each finds things settled. */
export async function measureScale(rig: ScaleRig, effort: ScaleEffort): Promise<RowResult[]> {
  const { size, agents, tell } = rig;
  const result = (id: string, title: string, figures: RowResult['figures']): RowResult => ({
    row: { id, title },
    figures,
  });

  const { hash } = await rig.policy.create();
  const enforced = agents.ask('whenEnforced', hash);
  const ownersRead = agents.ask('whenOwnersRead');
  const mark = rig.audit.mark();
  const startedMs = sharedMs();
  const leader = await rig.startController();
  const enforcedMs = (await enforced) - startedMs;
  tell(`started: in force everywhere after ${Math.round(enforcedMs)} ms`);
  const ownersReadMs = (await ownersRead) - startedMs;
  const followedMs = (await whenPodsAreFollowed(rig, mark)) - startedMs;
  tell(`started: all pods are known after ${Math.round(followedMs)} ms`);
  const start = [
    plain('controller started → its policy is in force everywhere', enforcedMs, 'ms'),
    plain('controller started → owners of all nodes are known', ownersReadMs, 'ms'),
    plain('controller started → all pods are known', followedMs, 'ms'),
    measureMemory(rig, leader, 'when all is known'),
  ];

  await rig.bare.ask('watch', await podsVersion(rig));
  const results = [
    result(
      'scale-start',
      `start with ${size.agents.toLocaleString('en')} agents and ${size.pods.toLocaleString('en')} pods`,
      start,
    ),
    result('scale-steady', 'nothing changes', [
      ...(await measureSteadyState(rig, leader, effort.steadyMs)),
      measureMemory(rig, leader, 'after that'),
    ]),
    result('scale-edit', 'policy edited', [await measurePolicyEdit(rig, effort.edits)]),
    result('scale-deletion', 'pod deleted', [
      plain('floor alone: the first pod that the API server deletes', await timeFirstDeletion(rig), 'ms'),
      await measurePodDeletion(rig, 1),
      await measurePodDeletion(rig, 3),
    ]),
    result('scale-restart', 'all agents restarted at once', await measureMassRestart(rig)),
    result(
      'scale-dead',
      'a fifth of the agents dead',
      await measureDeadAgents(rig, Math.ceil(size.agents / 5), effort.laterMs),
    ),
  ];
  results.push(
    result(
      'scale-groups',
      'namespaces on several nodes',
      await measureSharedGroups(rig, leader, { arrivals: effort.arrivals, quietMs: effort.quietMs }),
    ),
  );
  results.push(
    result(
      'scale-surplus',
      'a namespace on two nodes at its limit',
      await measureSurplusGone(rig, effort.surplus),
    ),
  );
  results.push(result('scale-memory', 'after all that', [measureMemory(rig, leader, 'at the end')]));
  if (effort.takeOver) {
    results.push(result('scale-take-over', 'leader killed', await measureTakeOver(rig, leader)));
  }
  return results;
}

/** A list is complete when its watch begins: that of the agents' pods, and that of all. */
async function whenPodsAreFollowed({ audit }: ScaleRig, mark: number): Promise<number> {
  while ((audit.since(mark).requests['watch pods'] ?? 0) < 2) await setTimeout(LOOK_MS);
  return sharedMs();
}

async function podsVersion({ api }: ScaleRig): Promise<string> {
  const { body } = await api.send('GET', '/api/v1/pods?limit=1');
  return (body as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
}
