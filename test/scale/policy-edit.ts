import { toWireTime } from '@checkpoint-warden/api';
import { inTurns } from '../bench/measure.ts';
import { atMost, type Figure } from '../bench/row.ts';
import { sharedMs } from './clock.ts';
import { nodeName } from './cluster-shape.ts';
import type { ScaleRig } from './scale-rig.ts';
import { untilSettled } from './settled.ts';

const GOAL_RATIO = 1.5;

/** From a policy edited to in force on all agents that are alive. */
export async function timePolicyEdit({ policy, agents }: ScaleRig): Promise<number> {
  const { hash } = await policy.nextEdit();
  const enforced = agents.ask('whenEnforced', hash);
  const startedMs = sharedMs();
  await policy.edit();
  return (await enforced) - startedMs;
}

/** A policy edited → in force on all agents; the floor sends them the same bodies. Each begins when the controller is at rest. */
export async function measurePolicyEdit(rig: ScaleRig, rounds: number): Promise<Figure> {
  const { policy } = await rig.policy.nextEdit();
  const sentAt = toWireTime(Date.now());
  const body = JSON.stringify({
    node: nodeName(0),
    epoch: { leaseCreated: sentAt, leaseTransitions: 1 },
    revision: 1,
    sentAt,
    policy,
  });
  const paired = await inTurns(
    rounds,
    {
      async value() {
        await untilSettled(rig);
        return timePolicyEdit(rig);
      },
      async floor() {
        await untilSettled(rig);
        return rig.bare.ask('putAll', body);
      },
    },
    (round) => rig.tell(`policy edited, ${round} of ${rounds}`),
  );
  return {
    name: `policy edited → in force on ${rig.size.agents.toLocaleString('en')} agents`,
    unit: 'ms',
    ...paired,
    goals: [atMost(GOAL_RATIO, paired.ratio.median, `≤ ${GOAL_RATIO} ×`)],
  };
}
