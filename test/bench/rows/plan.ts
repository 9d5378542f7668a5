import { readFileSync } from 'node:fs';
import { compile, readPolicyText } from '@checkpoint-warden/api';
import { type Archive, type Policy, planRetention } from '@checkpoint-warden/policy';
import { writePolicyFile } from '../agent-process.ts';
import { AFTER_DATASET_MS, ownersOf } from '../dataset.ts';
import { groupedSort } from '../floors/grouped-sort.ts';
import { inTurns } from '../measure.ts';
import { atMost, type Row } from '../row.ts';

const GOAL_RATIO = 3;
const MIB = 2 ** 20;
/** Two of each pod's archives are over the limit. */
const PER_POD = 20;
const KEPT_PER_POD = 18;
const PODS = 50;

export const plan: Row = {
  id: 'plan',
  title: 'full plan of 100,000 archives, rules at every level',
  async run(bench) {
    const archives = fleet(bench.pick({ full: 100, quick: 100, tiny: 1 }));
    const policy = readPolicy(
      writePolicyFile(bench.directory('files'), { perPod: KEPT_PER_POD, pods: PODS }),
    );
    const disk = { sizeBytes: 2 ** 50, availBytes: 2 ** 49 };
    const time = (work: () => { readonly length: number }): number => {
      const startedMs = performance.now();
      if (work().length === 0) throw new Error('nothing was planned');
      return performance.now() - startedMs;
    };
    const value = async () =>
      time(
        () =>
          planRetention({
            archives,
            policy,
            nowMs: AFTER_DATASET_MS,
            due: 'all',
            clockTrusted: true,
            disk,
          }).verdicts,
      );
    const floor = async () => time(() => groupedSort(archives));
    // Both are compiled before anything counts, as in an agent that has run for a while.
    for (let i = 0; i < bench.pick({ full: 4, quick: 2, tiny: 1 }); i++) {
      await value();
      await floor();
    }
    const rounds = bench.pick({ full: 21, quick: 9, tiny: 1 });
    const paired = await inTurns(rounds, { value, floor }, () => {});
    const goals = [atMost(GOAL_RATIO, paired.ratio.median, `≤ ${GOAL_RATIO} ×`)];
    return [{ name: 'plan', unit: 'ms', ...paired, goals }];
  },
};

/** 1,000 archives in each namespace, in the order of their names' hashes, so in none. */
function fleet(namespaces: number): Archive[] {
  const owners = ownersOf({ namespaces, pods: PODS });
  const archives = owners.flatMap((owner, index) =>
    Array.from({ length: PER_POD }, (_, age): Archive => {
      const createdAtMs = AFTER_DATASET_MS - age * 60_000 - index;
      return {
        name: `checkpoint-${owner.pod}_${owner.namespace}-${owner.container}-${createdAtMs}.tar`,
        node: 'node-1',
        sizeBytes: (1 + ((index * 7 + age * 13) % 64)) * MIB,
        mtimeMs: createdAtMs,
        createdAtMs,
        state: 'complete',
        owner: { ...owner }, // as each is read from an archive of its own
        pinned: false,
      };
    }),
  );
  return shuffled(archives);
}

/** The same order on every run. */
function shuffled<T>(items: readonly T[]): T[] {
  let state = 1;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647; // Lehmer's generator, Park and Miller's constants
    return state;
  };
  return items
    .map((item) => ({ item, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

function readPolicy(path: string): Policy {
  return compile(readPolicyText(readFileSync(path, 'utf8'), path).objects).policy;
}
