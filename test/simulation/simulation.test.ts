import { expect, it } from 'vitest';
import { createStatistics } from './statistics.ts';
import { walk } from './walk.ts';

/**
 * Random walks of the whole control plane: see README.md here. A failing seed is in the message:
 * SIMULATION_SEED=N SIMULATION_SEEDS=1 runs it alone, and so does `npm run simulate -- --seed N --seeds 1`.
 */
const FIRST_SEED = Number(process.env.SIMULATION_SEED ?? 1);
const SEEDS = Number(process.env.SIMULATION_SEEDS ?? (process.env.WARDEN_DEV_LONG === '1' ? 10_000 : 300));

/** What the walks must reach to be of use: deletions, and most of all what can go wrong before one. */
const REACHED: Readonly<Record<string, readonly string[]>> = {
  deletions: [
    'orphaned',
    'orphaned after a grace',
    'over-count by archives of other nodes',
    'over-total-size by archives of other nodes',
  ],
  facts: [
    'owner states taken',
    'comings unseen by a blind watch',
    'remote archives taken',
    'remote archives confirmed',
  ],
  leaders: ['leaderships'],
  messages: [
    '/v1/policy 200',
    '/v1/policy 409',
    '/v1/policy 500',
    '/v1/owners 200',
    '/v1/remote-archives 200',
  ],
  network: ['request lost', 'answer lost', 'request late', 'answer late', 'sent twice', 'cut off'],
  api: ['404 of a proxy (get)', '403 (get)', 'late answer (get)', 'old list (list)', 'empty list (list)'],
  walks: ['at rest with a hold'],
};

it(`deletes only what was right to, and comes to rest, in ${SEEDS} random walks from seed ${FIRST_SEED}`, async () => {
  const statistics = createStatistics();
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const { violations, trace, counts } = await walk(seed);
    expect(violations, [`seed ${seed}`, ...trace].join('\n')).toEqual([]);
    statistics.add(counts);
  }
  if (SEEDS < 100) return;
  for (const [group, names] of Object.entries(REACHED)) {
    const counted = Object.keys(statistics.counts[group] ?? {});
    expect(
      names.filter((name) => !counted.includes(name)),
      `never reached: ${group}`,
    ).toEqual([]);
  }
}, 7_200_000);

it('repeats a walk from its seed, step by step', async () => {
  const [first, second] = [await walk(FIRST_SEED), await walk(FIRST_SEED)];
  expect(second).toEqual(first);
});
