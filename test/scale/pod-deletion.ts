import { toWireTime } from '@checkpoint-warden/api';
import { inTurns } from '../bench/measure.ts';
import { atMost, type Figure } from '../bench/row.ts';
import { sharedMs } from './clock.ts';
import { agentAddress, nodeName, type Trial } from './cluster-shape.ts';
import type { ScaleRig } from './scale-rig.ts';

const GOAL_RATIO = 2;
const GOAL_P99_MS = 1_000;

/** A pod deleted → all agents that hold archives of it know. The floor: a watch event, a GET, a PUT to each of them. */
export async function measurePodDeletion(rig: ScaleRig, holders: 1 | 3): Promise<Figure> {
  const held = rig.trials.held[holders];
  const bare = rig.trials.bare[holders];
  const paired = await inTurns(
    held.length,
    {
      value: (round) => timeDeletion(rig, held[round], (trial) => rig.agents.ask('whenTold', trial)),
      floor: (round) => timeBareDeletion(rig, bare[round]),
    },
    (round) => {
      if (round % 25 === 0) rig.tell(`pods of ${holders} nodes deleted: ${round} of ${held.length}`);
    },
  );
  return {
    name: `pod deleted → ${holders === 1 ? 'the node that holds its archives knows' : `${holders} nodes that hold its archives know`}`,
    unit: 'ms',
    ...paired,
    goals: [
      atMost(GOAL_RATIO, paired.ratio.median, `≤ ${GOAL_RATIO} ×`),
      atMost(GOAL_P99_MS, paired.value.p99, 'p99 ≤ 1 s'),
    ],
  };
}

/** The first pod that is deleted → the floor has told its node: what no controller can change. */
export async function timeFirstDeletion(rig: ScaleRig): Promise<number> {
  return timeBareDeletion(rig, rig.trials.first);
}

async function timeBareDeletion(rig: ScaleRig, trial: Trial | undefined): Promise<number> {
  if (trial !== undefined) await rig.bare.ask('expect', bareTrial(trial));
  return timeDeletion(rig, trial, (each) => rig.agents.ask('whenFloor', each.holders));
}

async function timeDeletion(
  { api }: ScaleRig,
  trial: Trial | undefined,
  known: (trial: Trial) => Promise<number>,
): Promise<number> {
  if (trial === undefined) throw new Error('there are fewer pods to delete than rounds');
  const when = known(trial);
  const { namespace, pod } = trial.pod;
  const startedMs = sharedMs();
  const { status } = await api.send(
    'DELETE',
    `/api/v1/namespaces/${namespace}/pods/${pod}?gracePeriodSeconds=0`,
  );
  if (status !== 200) throw new Error(`the pod ${namespace}/${pod} cannot be deleted: ${status}`);
  return (await when) - startedMs;
}

function bareTrial({ pod: { namespace, pod, containers }, holders }: Trial) {
  const now = toWireTime(Date.now());
  const absent = [{ namespace, pod, container: containers[0], absentSince: now, confirmedAt: now }];
  const epoch = { leaseCreated: now, leaseTransitions: 1 };
  const body = JSON.stringify({ node: nodeName(0), epoch, revision: 1, sentAt: now, asOf: 'a/1', absent });
  return { namespace, pod, addresses: holders.map(agentAddress), body };
}
