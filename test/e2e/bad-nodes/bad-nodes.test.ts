import { rmSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { CHECKPOINT_DIR } from '../../cluster/nodes/node-files.ts';
import { WARDEN_IMAGE } from '../../image/warden-image.ts';
import { agentOn } from '../harness/agent-pod.ts';
import { policyStatus } from '../harness/policy-status.ts';
import { CHART, helm, RELEASE, type Values } from '../harness/release.ts';
import { startScenario } from '../harness/start-scenario.ts';
import { waitFor } from '../harness/wait-for.ts';

const scenario = await startScenario('bad-nodes');
const { cluster } = scenario;

it('where PodSecurity forbids hostPath, NOTES and an Event say so, and what NOTES say mends it', async () => {
  const namespace = 'e2e-bad-nodes-baseline';
  await scenario.makeNamespace(namespace);
  await cluster.kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=baseline']);
  const notes = await installAnother(namespace);
  const [command = ''] = /kubectl label --overwrite .*/.exec(notes) ?? [];
  expect(notes).toContain(`WARNING: namespace ${namespace} enforces PodSecurity "baseline"`);
  await untilEvent(namespace, 'FailedCreate', /violates PodSecurity "baseline:latest": hostPath volumes/);

  await cluster.kubectl(command.split(' ').slice(1));
  await waitFor('the DaemonSet makes the pods of its agents', () => {
    return agentsAre(namespace, 'currentNumberScheduled', '2');
  });
});

it('where a Secret of tls.mode existingSecret is missing, Events of both programs name it', async () => {
  const namespace = 'e2e-bad-nodes-secret';
  await scenario.makeNamespace(namespace);
  const existingSecret = { agent: 'our-agent', controller: 'our-controller' };
  await installAnother(namespace, { tls: { mode: 'existingSecret', existingSecret } });
  await untilEvent(namespace, 'FailedMount', /secret "our-agent" not found/);
  await untilEvent(namespace, 'FailedMount', /secret "our-controller" not found/);
});

it('where a node has no checkpoint directory, an Event names it, and the other node works on', async () => {
  const limit = (maxCheckpointsPerContainer: number) => ({ globalPolicy: { maxCheckpointsPerContainer } });
  await scenario.applyPolicy(limit(2));
  const bad = cluster.node('node2');
  const giveDirectory = () => bad.run('mkdir', '-p', CHECKPOINT_DIR);
  const mountDisk = () =>
    bad.run('mount', '-t', 'tmpfs', '-o', 'size=512m,mode=700', 'checkpoints', CHECKPOINT_DIR);
  scenario.onEnd(() => {
    if (bad.run('cat', '/proc/mounts').includes(` ${CHECKPOINT_DIR} `)) return;
    giveDirectory();
    mountDisk();
  });
  bad.run('umount', CHECKPOINT_DIR);
  bad.run('rmdir', CHECKPOINT_DIR);
  const before = await agentOn(cluster, bad.name);
  await cluster.kubectl(['delete', 'pod', before.name, '--namespace', RELEASE]);
  const after = await waitFor('the DaemonSet makes another pod', () => agentOn(cluster, bad.name));
  const why = `hostPath type check failed.* ${CHECKPOINT_DIR} is not a directory`;
  await untilEvent(RELEASE, 'FailedMount', new RegExp(why), after.name);

  await scenario.applyPolicy(limit(1));
  await waitFor('the status of the policy names the node and its pod', async () => {
    const { nodes, conditions = [] } = await policyStatus(cluster, 'bad-nodes');
    const degraded = conditions.find(({ type }) => type === 'Degraded');
    return nodes?.desired === 2 && degraded?.message.includes(`node2 (pod ${after.name} does not run: `);
  });
  const pod = await scenario.makePod({ name: 'good', node: 'node1' });
  await pod.checkpoint();
  const newest = await pod.checkpoint();
  await waitFor('the agent of the other node enforces the policy', () => {
    return cluster.node('node1').archives().join() === newest;
  });

  giveDirectory();
  await waitFor('its agent starts by itself once it has one', () => agentsAre(RELEASE, 'numberReady', '2'));
  await waitFor('it has the policy', async () => {
    return (await policyStatus(cluster, 'bad-nodes')).nodes?.current === 2;
  });

  mountDisk(); // while the agent runs: it has to see what is in it
  const late = await scenario.makePod({ name: 'late', node: bad.name });
  await late.checkpoint();
  const kept = await late.checkpoint();
  await waitFor('it enforces the policy', () => bad.archives().join() === kept);
});

/**
 * Installs a release of its own, named like its namespace, beside the shared one and without waiting: not all of it starts.
 *
 * @returns what helm prints: the NOTES
 */
async function installAnother(namespace: string, values: Values = {}): Promise<string> {
  const stateDir = `/var/lib/${namespace}`; // a state directory is one agent's alone
  const all = {
    image: { ...WARDEN_IMAGE, pullPolicy: 'Never' },
    crds: { enabled: false }, // they are the shared release's
    agent: { stateDir },
    controller: { replicas: 1 },
    ...values,
  };
  // With the test, the last first: two leaders would write the status of the same policies.
  onTestFinished(() => {
    for (const node of cluster.nodes) rmSync(node.path(stateDir), { recursive: true, force: true });
  });
  onTestFinished(async () => {
    const untilPodsAreGone = ['--ignore-not-found', '--wait', '--cascade=foreground'];
    await helm(cluster, ['uninstall', namespace, '--namespace', namespace, ...untilPodsAreGone]);
  });
  return helm(
    cluster,
    ['install', namespace, CHART, '--namespace', namespace, '--values', '-'],
    stringify(all),
  );
}

interface EventList {
  readonly items: readonly {
    readonly reason: string;
    readonly message: string;
    readonly involvedObject: { readonly name: string };
  }[];
}

/** Waits for an Event; with `pod`, one of that pod. */
function untilEvent(namespace: string, reason: string, message: RegExp, pod?: string): Promise<unknown> {
  return waitFor(`an Event ${reason} says ${message}`, async () => {
    const { items } = (await cluster.get(`/api/v1/namespaces/${namespace}/events`)) as EventList;
    return items.some(
      (event) =>
        event.reason === reason &&
        message.test(event.message) &&
        (pod === undefined || event.involvedObject.name === pod),
    );
  });
}

/** Whether the DaemonSet of the release in a namespace says this of its pods. */
async function agentsAre(namespace: string, field: string, count: string): Promise<boolean> {
  const selector = '--selector=app.kubernetes.io/component=agent';
  const output = `--output=jsonpath={.items[*].status.${field}}`;
  return (await cluster.kubectl(['get', 'daemonsets', '--namespace', namespace, selector, output])) === count;
}
