import { setTimeout } from 'node:timers/promises';
import type { Figure } from '../bench/row.ts';
import { sharedMs } from './clock.ts';
import { timePolicyEdit } from './policy-edit.ts';
import type { ScaleRig } from './scale-rig.ts';
import { plain } from './steady-state.ts';

/** All agents are another start of themselves, and all connections are cut, at the same moment. */
export async function measureMassRestart({ agents, tell }: ScaleRig): Promise<Figure[]> {
  await agents.ask('resetTraffic');
  const current = agents.ask('whenOwnersRead');
  const startedMs = await agents.ask('restartAll');
  const tookMs = (await current) - startedMs;
  const traffic = await agents.ask('traffic');
  tell(`restart: ${JSON.stringify(traffic)}`);
  return [
    plain('all agents restarted → all current again', tookMs, 'ms'),
    plain('restart: most requests to agents in a second', traffic.peak.requests),
    plain('restart: most connections in a second', traffic.peak.connects),
  ];
}

/** Some agents accept connections and never answer: how long an edit takes to the others, at once and later. */
export async function measureDeadAgents(rig: ScaleRig, dead: number, laterMs: number): Promise<Figure[]> {
  const { agents, size, tell } = rig;
  const every = Math.floor(size.agents / dead);
  await agents.ask(
    'die',
    Array.from({ length: dead }, (_, index) => index * every),
  );
  const diedMs = sharedMs();
  await agents.ask('resetTraffic');
  await setTimeout(2_000); // the controller is finding it out
  const atOnceMs = await timePolicyEdit(rig);
  tell(`with ${dead} dead agents, first edit: ${Math.round(atOnceMs)} ms`);
  await setTimeout(Math.max(0, laterMs - (sharedMs() - diedMs)));
  const laterEditMs = await timePolicyEdit(rig);
  tell(`dead: ${JSON.stringify(await agents.ask('traffic'))}`);
  await agents.ask('revive');
  const of = `${dead.toLocaleString('en')} agents dead, policy edited → in force on the others`;
  return [
    plain(`${of}, 2 s after they died`, atOnceMs, 'ms'),
    plain(`${of}, ${laterMs / 1000} s after`, laterEditMs, 'ms'),
  ];
}
