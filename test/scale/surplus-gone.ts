import { unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pairUp, summarize } from '../bench/measure.ts';
import { atMost, type Figure } from '../bench/row.ts';
import { sharedMs } from './clock.ts';
import { agentAddress } from './cluster-shape.ts';
import type { ScaleRig } from './scale-rig.ts';

const GOAL_RATIO = 2;

/**
 * An archive arrives on one node → the archive of another node that is one too many is gone, with the program's agent on both.
 * The floor: a GET and a POST to one simulated agent, a PUT to another of a list as long, and an `unlink`.
 */
export async function measureSurplusGone(rig: ScaleRig, count: number): Promise<Figure[]> {
  const { realAgents, agents, bare, tell } = rig;
  const first = await realAgents.arrive();
  tell(`the first surplus archive went after ${Math.round(first.goneMs - first.arrivedMs)} ms`);
  const [arrival] = await agents.ask('arrivals', 1);
  if (arrival === undefined) throw new Error('no namespace lies on several nodes');
  const { request, told } = await agents.ask('sharedListOf', arrival);
  const passedOn = {
    from: agentAddress(arrival.holder),
    request,
    to: arrival.others.slice(0, 1).map(agentAddress),
    told,
  };
  const times = [];
  const floors = [];
  for (let round = 0; round < count; round++) {
    times.push(await realAgents.arrive());
    floors.push((await bare.ask('passOn', passedOn)) + timeUnlink());
  }
  const acted = pairUp(
    times.map(({ polledMs, goneMs }) => goneMs - polledMs),
    floors,
  );
  return [
    {
      name: 'archive arrived → the surplus archive of another node is gone, the wait for the poll included',
      unit: 'ms',
      value: summarize(times.map(({ arrivedMs, goneMs }) => goneMs - arrivedMs)),
      goals: [],
    },
    {
      name: 'that: its node polled → the surplus archive of another node is gone',
      unit: 'ms',
      ...acted,
      goals: [atMost(GOAL_RATIO, acted.ratio.median, `≤ ${GOAL_RATIO} ×`)],
    },
  ];
}

function timeUnlink(): number {
  const path = join(tmpdir(), `checkpoint-warden-floor-${process.pid}`);
  writeFileSync(path, '');
  const startedMs = sharedMs();
  unlinkSync(path);
  return sharedMs() - startedMs;
}
