import { setTimeout } from 'node:timers/promises';
import { pairUp } from '../bench/measure.ts';
import type { RunningProcess } from '../bench/process.ts';
import { atMost, type Figure, type Unit } from '../bench/row.ts';
import { sharedMs } from './clock.ts';
import { agentAddress } from './cluster-shape.ts';
import { measureMemory } from './controller-memory.ts';
import type { ScaleRig } from './scale-rig.ts';
import { untilSettled } from './settled.ts';
import type { Arrival } from './simulated-agents.ts';
import { plain } from './steady-state.ts';
import type { Traffic } from './traffic.ts';

const GOAL_RATIO = 2;
const MIB = 2 ** 20;
const CALLS = ['GET /v1/groups', 'POST /v1/groups', 'PUT /v1/remote-archives'];

/**
 * Every namespace is over a limit that was edited, so that all holders have to be told of each other; then nothing changes;
 * then archives arrive, each in another namespace.
 */
export async function measureSharedGroups(
  rig: ScaleRig,
  leader: RunningProcess,
  { arrivals: count, quietMs }: { readonly arrivals: number; readonly quietMs: number },
): Promise<Figure[]> {
  const { agents, policy, tell } = rig;
  const { hash } = await policy.nextLimit();
  const told = agents.ask('whenAllTold', hash);
  await agents.ask('resetTraffic');
  const startedMs = sharedMs();
  await policy.limitNamespaces();
  const tookMs = (await told) - startedMs;
  const first = await agents.ask('traffic');
  tell(`limit of namespaces edited: ${JSON.stringify(first)}`);
  const least = await agents.ask('leastToTell');

  await agents.ask('resetTraffic');
  await setTimeout(quietMs);
  const quiet = await agents.ask('traffic');
  tell(`all told, and nothing changes: ${JSON.stringify(quiet)}`);
  const memory = measureMemory(rig, leader, `with ${least.groups.toLocaleString('en')} groups told`);

  const arrivals = await agents.ask('arrivals', count);
  await agents.ask('resetTraffic');
  const times = await Promise.all(arrivals.map((arrival) => agents.ask('arrive', arrival)));
  const after = await agents.ask('traffic');
  tell(`${arrivals.length} archives arrived: ${JSON.stringify(after)}`);
  await untilSettled(rig);
  const lists = await floorsOf(rig, arrivals);
  const [{ others } = { others: [] }] = arrivals;

  const time = pairUp(
    times.map(({ polledMs, toldMs }) => toldMs - polledMs),
    lists.map(({ tookMs: floorMs }) => floorMs),
  );
  return [
    plain('limit of all namespaces edited → all holders are told of each other', tookMs, 'ms'),
    beside('that: bytes about groups, both ways', 'MiB', [bytesAbout(first) / MIB], [least.bytes / MIB]),
    plain('all told: messages about groups per minute', (countAbout(quiet) / quietMs) * 60_000),
    memory,
    {
      name: `archive arrived, its node polled → ${others.length} other nodes are told`,
      unit: 'ms',
      ...time,
      goals: [atMost(GOAL_RATIO, time.ratio.median, `≤ ${GOAL_RATIO} ×`)],
    },
    beside(
      'that: bytes about groups for each archive, both ways',
      'bytes',
      [bytesAbout(after) / arrivals.length],
      [lists.reduce((sum, { bytes }) => sum + bytes, 0) / arrivals.length],
    ),
  ];
}

/** Has the same said by the bare loop: a GET and a POST to the node, a PUT to each other one. */
async function floorsOf(
  { agents, bare }: ScaleRig,
  arrivals: readonly Arrival[],
): Promise<{ readonly bytes: number; readonly tookMs: number }[]> {
  const floors = [];
  for (const arrival of arrivals) {
    const { request, told, bytes } = await agents.ask('sharedListOf', arrival);
    const tookMs = await bare.ask('passOn', {
      from: agentAddress(arrival.holder),
      request,
      to: arrival.others.map(agentAddress),
      told,
    });
    floors.push({ bytes, tookMs });
  }
  return floors;
}

function beside(name: string, unit: Unit, values: readonly number[], floors: readonly number[]): Figure {
  return { name, unit, ...pairUp(values, floors), goals: [] };
}

function bytesAbout({ bytes }: Traffic): number {
  return CALLS.reduce((sum, call) => sum + (bytes[call] ?? 0), 0);
}

function countAbout({ requests }: Traffic): number {
  return Object.entries(requests)
    .filter(([kind]) => CALLS.some((call) => kind.startsWith(call)))
    .reduce((sum, [, count]) => sum + count, 0);
}
