import { type SeededRandom, seededRandom } from '@checkpoint-warden/agent/testing';
import { POLICIES } from '@checkpoint-warden/controller/testing';
import { unfinished } from './at-rest.ts';
import { ORPHAN_SPECS, POD_TEMPLATES, policyObject, SPECS } from './stage.ts';
import type { Counts } from './statistics.ts';
import { backUp, DEEDS, FAULTS, heal, obeyAgain, putPod, unhold } from './steps.ts';
import { createWorld, type World } from './world.ts';

/** What became of one walk. */
export interface WalkReport {
  readonly seed: number;
  /** Empty when all was well. */
  readonly violations: readonly string[];
  /** What happened, one line a step, with its virtual time. */
  readonly trace: readonly string[];
  readonly counts: Counts;
}

const MIN_STEPS = 22;
const MORE_STEPS = 18;
/** All must be well so long after the last fault: a clock that has stepped alone is doubted for ten, and an agent told again after ten. */
const REST_MS = 30 * 60_000;
const LOOK_MS = 5_000;
/** Far above what any walk needs, far below what a loop without a pause makes. Calls in one virtual minute at rest. */
const MAX_RATES = { api: 150, agentsEach: 30 };

/**
 * Walks at random through one world: things happen and go wrong, then all is put right, and everything must come to what it
 * should be. One seed makes one walk.
 */
export async function walk(seed: number, look?: (world: World) => void): Promise<WalkReport> {
  // Errors are many here, and nobody reads where they come from.
  Error.stackTraceLimit = 2;
  const world = createWorld(seed);
  const trace: string[] = [];
  const { violations } = world.oracle;
  const note = (what: string) => trace.push(`${Math.round(world.clock.monotonicMs())} ms: ${what}`);
  try {
    await begin(world);
    const kinds = chooseKinds(seededRandom(seed));
    const steps = MIN_STEPS + world.random.below(MORE_STEPS);
    for (let step = 0; step < steps && violations.length === 0; step++) {
      const kind = world.random.pick(kinds);
      const what = await (DEEDS[kind] ?? FAULTS[kind])?.(world);
      if (what === undefined) continue;
      note(`${kind}: ${what}`);
      world.statistics.count('steps', kind);
      if (step % 8 === 3) backUp(world);
      await world.run(world.random.pick(PAUSES));
    }
    if (violations.length === 0) await rest(world, note);
  } catch (error) {
    violations.push(`the walk itself failed: ${(error as Error).stack}`);
  }
  world.statistics.count('walks', violations.length === 0 ? 'passed' : 'failed');
  world.statistics.count('walks', 'virtual minutes', Math.round(world.clock.monotonicMs() / 60_000));
  look?.(world);
  await end(world);
  return { seed, violations, trace, counts: world.statistics.counts };
}

const PAUSES = [0, 40, 700, 1_500, 3_000, 6_000, 12_000];

/** A cluster in which all is well: pods run, a policy is in force, one controller leads. */
async function begin(world: World): Promise<void> {
  const { random } = world;
  // Before anything else: that there was no policy is then not true at any time.
  const spec = SPECS.valid[random.below(random.below(2) === 0 ? ORPHAN_SPECS : SPECS.valid.length)] ?? {};
  world.change((server) => server.put(POLICIES, policyObject('default', spec)));
  for (const node of world.nodes) {
    world.putAgentPod(node);
    world.startAgent(node);
  }
  for (const template of POD_TEMPLATES)
    if (random.below(4) > 0) putPod(world, template, random.below(3) === 0);
  for (const slot of world.controllers) world.startController(slot);
  await world.run(5_000);
  backUp(world);
}

/** After it an agent doubts its clock for ten minutes, which take their time also here. */
const SLOW_TO_REST = 'clock of a node steps';

/** Most of what happens, and a few of what goes wrong. */
function chooseKinds(random: SeededRandom): string[] {
  const faults = Object.keys(FAULTS).filter((kind) => random.below(kind === SLOW_TO_REST ? 20 : 5) === 0);
  return [...Object.keys(DEEDS), 'pod goes', 'archive comes', ...faults, ...faults, ...faults];
}

async function rest(world: World, note: (what: string) => void): Promise<void> {
  const { clock, oracle, statistics, truth } = world;
  heal(world);
  if (world.random.below(3) > 0) unhold(world);
  note('all is put right');
  const startedMs = clock.monotonicMs();
  let left = ['nobody has looked yet'];
  while (left.length > 0 && oracle.violations.length === 0 && clock.monotonicMs() - startedMs < REST_MS) {
    obeyAgain(world);
    await world.run(LOOK_MS);
    left = unfinished(world);
  }
  note('at rest');
  statistics.count('walks', 'seconds to rest', Math.round((clock.monotonicMs() - startedMs) / 1000));
  if (truth.heldSinceMs <= clock.monotonicMs()) statistics.count('walks', 'at rest with a hold');
  for (const each of left) world.fail(`${each}, ${REST_MS / 60_000} minutes after all was put right`);
  if (oracle.violations.length > 0 || world.random.below(4) > 0) return;
  Object.assign(world.rates, { api: 0, agents: 0 });
  await world.run(60_000);
  const { api, agents } = world.rates;
  if (api > MAX_RATES.api) world.fail(`${api} calls of the API server in a minute at rest`);
  if (agents > MAX_RATES.agentsEach * world.nodes.length)
    world.fail(`${agents} calls of agents in a minute at rest`);
}

async function end({ controllers, nodes }: World): Promise<void> {
  for (const process of controllers.flatMap(({ processes }) => processes)) {
    process.crash();
    process.bury();
  }
  for (const { agent } of nodes) agent?.kill();
}
