import { setTimeout } from 'node:timers/promises';
import { summarize } from '../bench/measure.ts';
import { readProcStats } from '../bench/proc-stats.ts';
import type { RunningProcess } from '../bench/process.ts';
import type { Figure } from '../bench/row.ts';
import type { ScaleRig } from './scale-rig.ts';

/** What a controller does while nothing changes. */
export async function measureSteadyState(
  { agents, audit, tell }: ScaleRig,
  { pid }: RunningProcess,
  lastsMs: number,
): Promise<Figure[]> {
  tell(`nothing changes for ${lastsMs / 1000} s`);
  const mark = audit.mark();
  await agents.ask('resetTraffic');
  const before = readProcStats(pid);
  const startedMs = performance.now();
  await setTimeout(lastsMs);
  const seconds = (performance.now() - startedMs) / 1000;
  const after = readProcStats(pid);
  const traffic = await agents.ask('traffic');
  const api = audit.since(mark);
  tell(`agents: ${JSON.stringify(traffic)}, API server: ${JSON.stringify(api)}`);
  const requests = Object.values(traffic.requests).reduce((sum, count) => sum + count, 0);
  return [
    plain('steady: requests to agents, per second', requests / seconds),
    plain('steady: most requests to agents in a second', traffic.peak.requests),
    plain('steady: new connections to agents', traffic.connects),
    plain('steady: requests to the API server, per minute', (api.count / seconds) * 60),
    { ...plain('steady: CPU, of one core', (after.cpuMs - before.cpuMs) / seconds / 10), unit: '%' },
  ];
}

/** A figure without a floor. */
export function plain(name: string, value: number, unit: Figure['unit'] = ''): Figure {
  return { name, unit, value: summarize([value]), goals: [] };
}
