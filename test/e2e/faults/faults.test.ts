import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { CHECKPOINT_DIR } from '../../cluster/nodes/node-files.ts';
import { agentOn } from '../harness/agent-pod.ts';
import { type ArchiveSample, takeSample } from '../harness/archive-sample.ts';
import { auditLog } from '../harness/audit-log.ts';
import { controllerPods, findLeader, type Leader } from '../harness/controllers.ts';
import { obeyedEpoch } from '../harness/obeyed-policy.ts';
import { conditionOf, policyStatus } from '../harness/policy-status.ts';
import { processesOf } from '../harness/processes-of.ts';
import { RELEASE } from '../harness/release.ts';
import { startScenario } from '../harness/start-scenario.ts';
import type { TestNode } from '../harness/test-node.ts';
import type { TestPod } from '../harness/test-pod.ts';
import { WITHIN_MS, waitFor } from '../harness/wait-for.ts';

const scenario = await startScenario('faults');
const { cluster, namespace } = scenario;
const policy = (maxCheckpointsPerContainer: number) => ({
  orphanGracePeriod: '3s',
  globalPolicy: { maxCheckpointsPerContainer, retainOrphan: false },
});

it('an agent that is killed while it deletes goes on where it was, once it is back', async () => {
  // So many that the kill comes before the agent is through, also where the machine keeps this process waiting.
  const [all, kept] = [1_500, 10];
  await scenario.applyPolicy(policy(2 * all));
  const pod = await scenario.makePod({ name: 'much', node: 'node1' });
  const node = cluster.node(pod.node);
  const sample = await takeSample(cluster, pod);
  sample.lay(...Array.from({ length: all }, (_, index) => all - index));
  const agent = await agentProcesses(node);
  const before = await deletedSoFar();

  const editing = scenario.applyPolicy({ ...policy(kept), applyPoliciesImmediately: true });
  await untilGone(join(node.path(CHECKPOINT_DIR), sample.nameOf(all)));
  for (const pid of agent) process.kill(pid, 'SIGKILL');
  expect(sample.left().length).toBeGreaterThan(kept);

  await editing;
  await waitFor('another process is the agent', async () => {
    return String(await agentProcesses(node)) !== String(agent);
  });
  await waitFor('the surplus is gone', () => sample.left().length === kept);
  expect(sample.left()).toEqual(Array.from({ length: kept }, (_, index) => index + 1));
  await waitFor('the status counts every deletion', async () => {
    return (await deletedSoFar()) >= before + all - kept;
  });
  expect(await deletedSoFar()).toBe(before + all - kept);
  expect(deletedByAudit(node, sample, all)).toBe(all - kept);
});

it('another controller leads once the leader is killed, and brings the edits made meanwhile to the agents', async () => {
  const before = await untilSomebodyLeads();
  for (const pid of await processesOf(cluster, RELEASE, before.pod)) process.kill(pid, 'SIGKILL');
  await scenario.applyPolicy(policy(1));
  const after = await untilSomebodyLeads();
  expect(after.identity).not.toBe(before.identity);
  expect(after.transitions).toBeGreaterThan(before.transitions);
  await waitFor('both agents obey it', () => {
    return cluster.nodes.every((node) => obeyedEpoch(node).leaseTransitions === after.transitions);
  });

  const pod = await scenario.makePod({ name: 'led', node: 'node2' });
  await pod.checkpoint();
  const newest = await pod.checkpoint();
  await waitFor('the policy is enforced as edited', () => pod.archives().node2?.join() === newest);
});

it('pods that are deleted while no controller runs are orphans once one is back', async () => {
  const pod = await scenario.makePod({ name: 'unseen' });
  await pod.checkpoint();
  await scaleControllers(0);
  onTestFinished(() => scaleControllers(2)); // a test that fails must not have the next one fail
  await waitFor('no controller runs', async () => (await controllerPods(cluster)).length === 0);
  await pod.delete();
  await scaleControllers(2);
  await untilSomebodyLeads();
  await waitFor('its archive is gone', () => isEmpty(pod));
});

// On kind nothing can stop the daemons: only on a cluster of ours.
it.runIf(cluster.isOurs)(
  'while the API server is away agents enforce the last policy and take nothing for an orphan',
  async () => {
    onTestFinished(() => cluster.apiServer.start());
    await scenario.applyPolicy(policy(2));
    const [stays, goes] = await Promise.all([
      scenario.makePod({ name: 'stays', node: 'node1' }),
      scenario.makePod({ name: 'goes', node: 'node2' }),
    ]);
    const [sample, left] = await Promise.all([takeSample(cluster, stays), goes.checkpoint()]);
    const leader = await untilSomebodyLeads();
    const pods = await controllerPods(cluster);
    const leaderIp = pods.find(({ name }) => name === leader.pod)?.ip ?? '';

    await forceDelete(goes); // for the controller to see, and not to be able to ask
    await cluster.apiServer.stop();
    sample.lay(9, 8, 7);
    await waitFor('the agent keeps the two newest', () => sample.left().join() === '7,8');
    await waitFor('the leader gives up', () => isFollower(leaderIp));
    sample.lay(6);
    await waitFor('the agent keeps the two newest', () => sample.left().join() === '6,7');
    expect(goes.archives().node2).toEqual([left]);

    await cluster.apiServer.start();
    await waitFor('the API server answers', async () => {
      return (await cluster.admin.send('GET', '/readyz')).status === 200;
    });
    await scenario.applyPolicy(policy(1));
    // A leader that has reached one of them only says that it is in force where it can be.
    await waitFor('both agents have the policy', async () => {
      return (await policyStatus(cluster, 'faults')).nodes?.current === 2;
    });
    await waitFor('the archive of the pod that was deleted is gone', () => isEmpty(goes));
    sample.lay(5);
    await waitFor('the new policy is enforced', () => sample.left().join() === '5');
  },
);

// On kind nothing can stop the daemons: only on a cluster of ours.
it.runIf(cluster.isOurs)(
  'a kubelet that is killed takes no agent with it, and checkpoints are kept within the policy afterwards',
  async () => {
    await scenario.applyPolicy(policy(1));
    const pod = await scenario.makePod({ name: 'kubelet' });
    const node = cluster.node(pod.node);
    await pod.checkpoint();
    const agent = await agentProcesses(node);
    await node.kubelet.kill();
    const newest = await waitFor('the kubelet takes checkpoints again', () => pod.checkpoint());
    await waitFor('only the newest is left', () => pod.archives()[node.name]?.join() === newest);
    expect(await agentProcesses(node)).toEqual(agent);
  },
);

// On kind nothing can stop the daemons: only on a cluster of ours.
it.runIf(cluster.isOurs)(
  'a node that is cut off, with the leader on it, is named, goes on with its last policy, and catches up',
  async () => {
    await scenario.applyPolicy(policy(2));
    const leader = await untilSomebodyLeads();
    const node = cluster.node(
      (await controllerPods(cluster)).find(({ name }) => name === leader.pod)?.node ?? '',
    );
    const [stays, goes] = await Promise.all([
      scenario.makePod({ name: 'cut-stays', node: node.name }),
      scenario.makePod({ name: 'cut-goes', node: node.name }),
    ]);
    const [sample, left] = await Promise.all([takeSample(cluster, stays), goes.checkpoint()]);

    onTestFinished(async () => {
      node.plugIn();
      await node.kubelet.kill(); // by itself it takes a minute to see that its connections are dead: the next scenario would wait
    });
    node.unplug();
    await forceDelete(goes);
    await scenario.applyPolicy(policy(1));
    await waitFor('the status names the node', async () => {
      const degraded = conditionOf(await policyStatus(cluster, 'faults'), 'Degraded');
      return degraded.startsWith(`Degraded=True AgentsUnusable: Agents: ${node.name} (`);
    });
    sample.lay(9, 8, 7);
    await waitFor('its agent keeps the two newest', () => sample.left().join() === '7,8');
    expect(goes.archives()[node.name]).toEqual([left]);

    node.plugIn();
    await waitFor('every agent has the policy, and nothing is wrong', async () => {
      const status = await policyStatus(cluster, 'faults');
      return status.nodes?.current === 2 && conditionOf(status, 'Degraded').startsWith('Degraded=False');
    });
    sample.lay(6);
    await waitFor('its agent enforces the policy as edited', () => sample.left().join() === '6');
    await waitFor('the archive of the pod deleted meanwhile is gone', () => isEmpty(goes));
  },
);

const isEmpty = (pod: TestPod) => Object.values(pod.archives()).flat().length === 0;

/** What the agents have deleted for policies of this name, also in earlier runs. */
async function deletedSoFar(): Promise<number> {
  return (await policyStatus(cluster, 'faults')).deleted?.count ?? 0;
}

async function agentProcesses(node: TestNode): Promise<number[]> {
  const { name } = await agentOn(cluster, node.name);
  return processesOf(cluster, RELEASE, name);
}

/** Looks as often as possible: what is to happen next has to happen at once. */
async function untilGone(file: string): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (existsSync(file)) {
    if (performance.now() > deadline) throw new Error(`${file} is still there after ${WITHIN_MS} ms`);
    await nextTurn();
  }
}

/** How many copies the audit log says were deleted, each counted once. */
function deletedByAudit(node: TestNode, sample: ArchiveSample, all: number): number {
  const entries = auditLog(node);
  const intents = new Map(entries.map(({ seq, archive }) => [seq, archive]));
  const gone = entries
    .filter(({ result }) => result === 'deleted' || result === 'already-gone')
    .map(({ intent = 0 }) => intents.get(intent));
  const copies = new Set(Array.from({ length: all }, (_, index) => sample.nameOf(index + 1)));
  return new Set(gone.filter((archive) => archive !== undefined && copies.has(archive))).size;
}

function untilSomebodyLeads(): Promise<Leader> {
  return waitFor('a controller leads', () => findLeader(cluster));
}

async function scaleControllers(replicas: number): Promise<void> {
  const object = ['deployment', 'checkpoint-warden-controller', '--namespace', RELEASE];
  await cluster.kubectl(['scale', ...object, `--replicas=${replicas}`]);
}

/** Deletes a pod from the API server at once, whatever its node does. */
async function forceDelete({ name }: TestPod): Promise<void> {
  await cluster.admin.send('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=0`);
}

/** Asks a controller for its metrics on the network of the pods: without the API server there is no other way. */
function isFollower(ip: string): boolean {
  const ask = `exec 3<>/dev/tcp/${ip}/9466; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
  return cluster.node('node1').run('bash', '-c', ask).includes('\ncheckpoint_warden_leader 0');
}
