import { setTimeout } from 'node:timers/promises';
import type { ScaleRig } from './scale-rig.ts';

const LOOK_MS = 1_000;
const QUIET_LOOKS = 3;
const DEADLINE_MS = 120_000;

/**
 * Waits until the controller asks agents nothing but whether anything has changed: what the last measurement brought about is
 * over, and the next one, or its floor, does not share the machine with it.
 */
export async function untilSettled({ agents }: Pick<ScaleRig, 'agents'>): Promise<void> {
  const startedMs = performance.now();
  let before = await countOther(agents);
  for (let quiet = 0; quiet < QUIET_LOOKS; ) {
    if (performance.now() - startedMs > DEADLINE_MS) throw new Error('the controller does not come to rest');
    await setTimeout(LOOK_MS);
    const now = await countOther(agents);
    quiet = now === before ? quiet + 1 : 0;
    before = now;
  }
}

async function countOther(agents: ScaleRig['agents']): Promise<number> {
  const { requests } = await agents.ask('traffic');
  return Object.entries(requests).reduce(
    (sum, [kind, count]) => (kind === 'GET /v1/state 304' ? sum : sum + count),
    0,
  );
}
