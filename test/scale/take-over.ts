import { setTimeout } from 'node:timers/promises';
import type { RunningProcess } from '../bench/process.ts';
import type { Figure } from '../bench/row.ts';
import { sharedMs } from './clock.ts';
import type { ScaleRig } from './scale-rig.ts';
import { plain } from './steady-state.ts';

/** A second controller is there, and the leader is killed. */
export async function measureTakeOver(rig: ScaleRig, leader: RunningProcess): Promise<Figure[]> {
  const { agents, audit, tell } = rig;
  const follower = await rig.startController();
  await follower.nextLine('controller starting');
  await setTimeout(5_000); // it has seen the Lease
  const mark = audit.mark();
  await agents.ask('resetTraffic');
  const obeyed = agents.ask('whenObeyAnother');
  const leads = follower.nextLine('"leading"').then(sharedMs);
  const killedMs = sharedMs();
  leader.kill();
  const [leadsMs, obeyedMs] = await Promise.all([leads, obeyed]);
  const traffic = await agents.ask('traffic');
  const api = audit.since(mark);
  tell(`take-over: agents ${JSON.stringify(traffic)}, API server ${JSON.stringify(api)}`);
  follower.kill();
  return [
    plain('leader killed → another leads', leadsMs - killedMs, 'ms'),
    plain('another leads → all agents obey it', obeyedMs - leadsMs, 'ms'),
    plain('take-over: most requests to agents in a second', traffic.peak.requests),
    plain('take-over: most connections in a second', traffic.peak.connects),
    plain('take-over: most requests to the API server in a second', api.peak),
  ];
}
