import { beforeEach, expect, it } from 'vitest';
import { type ArchiveSample, takeSample } from '../harness/archive-sample.ts';
import { conditionOf, policyStatus } from '../harness/policy-status.ts';
import { startScenario } from '../harness/start-scenario.ts';
import { makeTestPod } from '../harness/test-pod.ts';
import { WITHIN_MS } from '../harness/wait-for.ts';
import { makeWitness } from '../harness/witness.ts';

// Archives are named by what they are of and by their age: "web/app, 3" is three minutes old. The first number is the newest.
const scenario = await startScenario('limits');
const { cluster, namespace } = scenario;
/** Its name begins with that of the other one: no rule for that one may hit it. */
const namesake = `${namespace}-a`;
await scenario.makeNamespace(namesake);
const witness = await makeWitness(scenario);

// Each archive has about 2.2 MiB: 2 of them fit into 5 MiB, 3 into 8 MiB, 4 into 10 MiB, 6 into 14 MiB.
const ballastBytes = 2_000_000;
const [web, db, cache, namesakeWeb] = await Promise.all([
  // The name of an archive does not tell container `a-app` in `e2e-limits` from container `app` in `e2e-limits-a`.
  scenario.makePod({ name: 'web', containers: ['app', 'log', 'side', 'a-app'], ballastBytes }),
  scenario.makePod({ name: 'db', ballastBytes }),
  scenario.makePod({ name: 'cache', ballastBytes }),
  makeTestPod(cluster, namesake, { name: 'web', ballastBytes }),
]);
const [app, log, side, aApp, ofDb, ofCache] = await Promise.all([
  takeSample(cluster, web, 'app'),
  takeSample(cluster, web, 'log'),
  takeSample(cluster, web, 'side'),
  takeSample(cluster, web, 'a-app'),
  takeSample(cluster, db),
  takeSample(cluster, cache),
]);
// Not at the same time as `a-app`: within a second both have the very same file.
const ofNamesake = await takeSample(cluster, namesakeWeb);
const samples = { app, log, side, aApp, db: ofDb, cache: ofCache, namesake: ofNamesake };
type Ages = Partial<Record<keyof typeof samples, readonly number[]>>;

beforeEach(() => {
  for (const sample of Object.values(samples)) sample.clear();
});

/** Puts a policy in force, has archives arrive, the oldest first, and gives what is left of them. */
async function keptOf(archives: Ages, { containerPolicies = [], ...spec }: Policy): Promise<Ages> {
  await scenario.applyPolicy({ ...spec, containerPolicies: [...containerPolicies, witness.rule] });
  const arrivals = Object.entries(archives)
    .flatMap(([of, ages]) => ages.map((age) => ({ sample: samples[of as keyof Ages], age })))
    .sort((one, other) => other.age - one.age);
  for (const { sample, age } of arrivals) sample.lay(age);
  await witness.pass();
  return Object.fromEntries(Object.keys(archives).map((of) => [of, samples[of as keyof Ages].left()]));
}

interface Policy {
  readonly containerPolicies?: readonly object[];
  readonly [list: string]: unknown;
}

it.each([
  ['count', [3, 4, 6], ['maxCheckpointsPerContainer', 'maxCheckpointsPerPod', 'maxCheckpointsPerNamespace']],
  ['size', [8, 10, 14], ['maxTotalSizePerContainer', 'maxTotalSizePerPod', 'maxTotalSizePerNamespace']],
])('limits each container, then each pod, then each namespace by %s', async (_, values, fields) => {
  const globalPolicy = Object.fromEntries(fields.map((field, index) => [field, values[index]]));
  const kept = await keptOf({ app: [1, 2, 3, 4], log: [5, 6], db: [7, 8, 9, 10] }, { globalPolicy });
  // Of 4 the container loses one, of 5 that are left the pod, of 7 that are left the namespace.
  expect(kept).toEqual({ app: [1, 2, 3], log: [5], db: [7, 8] });
});

it.each([
  ['counts', 'maxCheckpoints', [2, 3, 4], { maxCheckpointsPerContainer: 1 }],
  ['sizes', 'maxTotalSize', ['5Mi', '8Mi', '10Mi'], { maxTotalSizePerContainer: '3Mi' }],
])(
  'takes the %s of the container’s rule before those of the pod, the namespace and the global one',
  async (_, limit, values, globalPolicy) => {
    const [ofContainer, ofPod, ofNamespace] = values;
    const kept = await keptOf(
      {
        side: [1, 2, 3, 4],
        app: [1.1, 3.1, 5.1, 7.1],
        log: [2.1, 4.1, 6.1, 8.1],
        db: [1, 3, 5, 7],
        cache: [2, 4, 6, 8],
        namesake: [1.2, 2.2, 3.2, 4.2],
      },
      {
        globalPolicy,
        namespacePolicies: [{ namespace, [limit]: ofNamespace }],
        podPolicies: [{ namespace, pod: 'web', [limit]: ofPod }],
        containerPolicies: [{ namespace, pod: 'web', container: 'side', [limit]: ofContainer }],
      },
    );
    expect(kept).toEqual({
      side: [1, 2],
      app: [1.1, 3.1], // with log, three of the pod
      log: [2.1],
      db: [1, 3], // with cache, four of the namespace
      cache: [2, 4],
      namesake: [1.2], // globally one of each container
    });
  },
);

it.each([
  ['container and namespace', [2, 3, 2, 3], { side: [], app: [1], db: [], namesake: [1.2] }],
  ['pod and global one', [3, 2, 3, 2], { side: [1], app: [], db: [1], namesake: [] }],
])(
  'deletes each archive that is larger than 2 MiB where the rules of %s say so',
  async (_, mebibytes, expected) => {
    const [ofContainer, ofPod, ofNamespace, global] = mebibytes.map((size) => ({ maxCheckpointSize: size }));
    const kept = await keptOf(
      { side: [1], app: [1], db: [1], namesake: [1.2] },
      {
        globalPolicy: global,
        namespacePolicies: [{ namespace, ...ofNamespace }],
        podPolicies: [{ namespace, pod: 'web', ...ofPod }],
        containerPolicies: [{ namespace, pod: 'web', container: 'side', ...ofContainer }],
      },
    );
    expect(kept).toEqual(expected);
  },
);

it('takes an exact name before a pattern, whichever comes first', async () => {
  const kept = await keptOf(
    { app: [1, 2, 3, 4], db: [1, 2, 3, 4], namesake: [1.2, 2.2, 3.2, 4.2] },
    {
      namespacePolicies: [
        { namespace: `${namespace}*`, maxCheckpoints: 3 },
        { namespace, maxCheckpoints: 2 },
      ],
      podPolicies: [
        { namespace, pod: 'w*', maxCheckpoints: 3 },
        { namespace, pod: 'web', maxCheckpoints: 1 },
      ],
    },
  );
  expect(kept).toEqual({ app: [1], db: [1, 2], namesake: [1.2, 2.2, 3.2] });
});

it('never hits a namespace whose name begins with that of a rule, though the archives have the same name', async () => {
  expect(withoutTime(samples.aApp)).toBe(withoutTime(samples.namesake));
  const kept = await keptOf(
    { aApp: [1, 2, 3, 4], namesake: [1.5, 2.5, 3.5, 4.5] },
    { namespacePolicies: [{ namespace, maxCheckpoints: 2 }] },
  );
  expect(kept).toEqual({ aApp: [1, 2], namesake: [1.5, 2.5, 3.5, 4.5] });
});

it('leaves each container its last archive with keepLast, and says that the limit cannot be reached then', async () => {
  const kept = await keptOf(
    { app: [1, 2, 3, 4], db: [8, 9] },
    { globalPolicy: { maxCheckpointsPerNamespace: 3, keepLast: 1 } },
  );
  expect(kept).toEqual({ app: [1, 2, 3], db: [8] });
  await expect
    .poll(async () => conditionOf(await policyStatus(cluster, 'limits'), 'Degraded'), { timeout: WITHIN_MS })
    .toContain(
      `True LimitsUnreachable: Pins or keepLast stand against maxCheckpoints of ${namespace} on node1`,
    );
});

function withoutTime(sample: ArchiveSample): string {
  return sample.nameOf(0).replace(/\d{4}-.*/, '');
}
