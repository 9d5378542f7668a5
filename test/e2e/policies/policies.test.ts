import { beforeEach, expect, it } from 'vitest';
import { agentOn } from '../harness/agent-pod.ts';
import { takeSample } from '../harness/archive-sample.ts';
import { conditionOf, policyStatus } from '../harness/policy-status.ts';
import { startScenario } from '../harness/start-scenario.ts';
import { WITHIN_MS, waitFor } from '../harness/wait-for.ts';
import { makeWitness } from '../harness/witness.ts';

const scenario = await startScenario('policies');
const { cluster, namespace } = scenario;
const witness = await makeWitness(scenario);
const [web, db] = await Promise.all([scenario.makePod({ name: 'web' }), scenario.makePod({ name: 'db' })]);
const samples = { web: await takeSample(cluster, web), db: await takeSample(cluster, db) };
const deadline = { timeout: WITHIN_MS };
await scenario.applyPolicy({ globalPolicy: { maxCheckpointsPerContainer: 7 } });

beforeEach(() => {
  for (const sample of Object.values(samples)) sample.clear();
});

it.each([
  [{ globalPolicy: { maxCheckpointAge: '30 days' } }, 'spec.globalPolicy.maxCheckpointAge'],
  [{ globalPolicy: { maxCheckpointSize: '10' } }, '10 is less than 1Mi: did you mean 10Mi?'],
  [{ globalPolicy: { maxCheckpointsPerPod: -1 } }, 'spec.globalPolicy.maxCheckpointsPerPod'],
  [{ globalPolicy: { maxCheckpoints: 1 } }, 'unknown field "spec.globalPolicy.maxCheckpoints"'],
  [{ namespacePolicies: [{ namespace: 'shop' }] }, 'spec.namespacePolicies[0]'],
  [{ podPolicies: [{ namespace: 'shop', pod: 'web-[0]', maxCheckpoints: 1 }] }, 'spec.podPolicies[0].pod'],
])('refuses %j, and the policy stays as it was', async (mistake, message) => {
  await expect(scenario.applyPolicy(mistake)).rejects.toThrow(message);
  const stored = await cluster.kubectl(['get', 'ckrp', 'policies', '--output=jsonpath={.spec.globalPolicy}']);
  expect(JSON.parse(stored)).toMatchObject({ maxCheckpointsPerContainer: 7 });
});

it('has the older of two policies for the same in force, says so, and keeps the rest of the younger in force', async () => {
  // The older one has the later name, so that the name does not decide.
  await cluster.kubectl(['delete', 'ckrp', '--all']);
  await scenario.applyPolicy(
    { globalPolicy: { maxCheckpointsPerContainer: 2 }, containerPolicies: [witness.rule] },
    'z-older',
  );
  const second = await cluster.kubectl([
    'get',
    'ckrp',
    'z-older',
    '--output=jsonpath={.metadata.creationTimestamp}',
  ]);
  await waitFor(
    'the second in which the older was made is over',
    () => Date.now() > Date.parse(second) + 1_000,
  );
  await scenario.applyPolicy(
    {
      globalPolicy: { maxCheckpointsPerContainer: 1 },
      podPolicies: [{ namespace, pod: 'db', maxCheckpoints: 3 }],
    },
    'a-younger',
  );
  await expect
    .poll(async () => conditionOf(await policyStatus(cluster, 'a-younger'), 'Accepted'), deadline)
    .toBe(
      'Accepted=False Conflict: Parts are not in force, as older policies are for the same: spec.globalPolicy (by z-older).',
    );
  expect(conditionOf(await policyStatus(cluster, 'z-older'), 'Accepted')).toContain('Accepted=True');
  samples.web.lay(4, 3, 2, 1);
  samples.db.lay(4, 3, 2, 1);
  await witness.pass();
  expect(samples.web.left()).toEqual([1, 2]);
  expect(samples.db.left()).toEqual([1, 2, 3]);
});

it('answers in the agent’s pod why an archive stays, and what a policy would delete', async () => {
  await cluster.kubectl(['delete', 'ckrp', '--all']);
  const containerPolicies = [witness.rule];
  await scenario.applyPolicy({ containerPolicies });
  samples.web.lay(3, 2, 1);
  await witness.pass();
  const kept = samples.web.nameOf(2);
  await scenario.applyPolicy({
    globalPolicy: { maxCheckpointsPerContainer: 1 },
    podPolicies: [{ namespace, pod: 'w*', maxCheckpoints: 2 }],
    containerPolicies,
  });
  // kubectl get ckrp -o yaml | kubectl exec -i AGENT -- node checkpoint-warden.mjs explain ARCHIVE --policy-file -
  const policies = await cluster.kubectl(['get', 'ckrp', '--output=yaml']);
  const agent = await agentOn(cluster, web.node);

  const why = await agent.run(['explain', kept, '--policy-file=-'], policies);
  expect(why).toContain(`owner     ${namespace}/web/app`);
  expect(why).toContain('policies/podPolicies[0]');
  expect(why).toMatch(/maxCheckpoints\s+pod \S+\/web may have 2; 1 is newer than this one/);

  const plan = JSON.parse(await agent.run(['plan', '--policy-file=-', '--output=json'], policies));
  expect(plan.verdicts).toContainEqual(
    expect.objectContaining({ archive: samples.web.nameOf(3), action: 'delete', reason: 'over-count' }),
  );
  expect(samples.web.left()).toEqual([1, 2, 3]);
});
