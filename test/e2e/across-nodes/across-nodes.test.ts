import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { CHECKPOINT_DIR } from '../../cluster/nodes/node-files.ts';
import { agentOn } from '../harness/agent-pod.ts';
import { takeSample } from '../harness/archive-sample.ts';
import { controllerPods, findLeader, type Leader } from '../harness/controllers.ts';
import { processesOf } from '../harness/processes-of.ts';
import { RELEASE } from '../harness/release.ts';
import { startScenario } from '../harness/start-scenario.ts';
import { tell } from '../harness/tell.ts';
import { findTestPod, podSpec } from '../harness/test-pod.ts';
import { waitFor } from '../harness/wait-for.ts';
import { makeWitness } from '../harness/witness.ts';
import { makeToldWitness } from './told-witness.ts';

// A namespace with a pod on each node. Archives are named by their node and their age: "node1, 3" is three minutes old.
// The first number is the newest. Each has about 2.2 MiB: four of them fit into 10 MiB. Every test has limits of its own: what
// agents were told of archives that a test has taken away by hand counts for a minute, under the same rule.
const scenario = await startScenario('across-nodes');
const { cluster, namespace } = scenario;
const [node1, node2, witness1, witness2, toldWitness] = await Promise.all([
  sampleOn('node1'),
  sampleOn('node2'),
  makeWitness(scenario, 'node1'),
  makeWitness(scenario, 'node2'),
  makeToldWitness(scenario),
]);
const samples = { node1, node2 };
const witnesses = { node1: witness1, node2: witness2 };
type Node = keyof typeof samples;
const NODES: readonly Node[] = ['node1', 'node2'];

afterEach(() => {
  for (const sample of Object.values(samples)) sample.clear();
});

async function sampleOn(node: string) {
  const pod = await scenario.makePod({ name: `web-${node}`, node, ballastBytes: 2_000_000 });
  return takeSample(cluster, pod);
}

/** Puts limits in force for the namespace, and the witnesses' own. */
async function limitNamespace(limits: object): Promise<void> {
  await scenario.applyPolicy({
    namespacePolicies: [{ namespace, ...limits }, toldWitness.rule],
    containerPolicies: [witness1.rule, witness2.rule],
  });
}

/** Has archives arrive, the oldest first. */
function lay(ages: Partial<Record<Node, readonly number[]>>): void {
  const arrivals = Object.entries(ages).flatMap(([on, all]) => all.map((age) => ({ on: on as Node, age })));
  for (const { on, age } of arrivals.sort((one, other) => other.age - one.age)) samples[on].lay(age);
}

const left = () => ({ node1: node1.left(), node2: node2.left() });
const isLeft = (ages: Record<Node, readonly number[]>) =>
  NODES.every((node) => samples[node].left().join() === ages[node].join());

it('keeps the newest of a pod that moves from node to node, wherever they lie', async () => {
  const limitPods = (maxCheckpoints: number) =>
    scenario.applyPolicy({ podPolicies: [{ namespace, pod: 'db-*', maxCheckpoints }] });
  await limitPods(3);
  onTestFinished(removeArchivesOfDb);
  const taken: string[] = [];
  const archivesOn = { node1: [] as string[], node2: [] as string[] };
  const checkpointOn = async (node: Node, times: number) => {
    await moveTo(node);
    const pod = await findTestPod(cluster, namespace, 'db-0');
    expect(pod.node).toBe(node);
    for (let time = 0; time < times; time += 1) {
      const archive = await pod.checkpoint();
      taken.push(archive);
      archivesOn[node].push(archive);
    }
    const kept = taken.slice(-3);
    const expected = Object.fromEntries(
      NODES.map((each) => [each, archivesOn[each].filter((name) => kept.includes(name))]),
    );
    await waitFor(`${node}: the newest three are left, wherever they lie`, () => {
      return JSON.stringify(pod.archives()) === JSON.stringify(expected);
    });
  };
  await checkpointOn('node1', 3);
  await checkpointOn('node2', 1);
  await checkpointOn('node2', 1);
  await checkpointOn('node1', 1);

  // Nothing has arrived under this limit, so nothing goes for it, and each node's agent can be asked what it counts.
  await limitPods(2);
  const [oldest = ''] = taken.slice(-3);
  const explained = await waitFor('the agent of node2 counts what lies on node1', async () => {
    const explanation = await explainOn('node2', oldest);
    return explanation.otherNodes.length > 0 && explanation;
  });
  expect(explained).toMatchObject({
    agent: { node: 'node2', policy: { source: 'controller' } },
    otherNodes: ['node1'],
    verdict: { action: 'keep' },
    limits: [
      { limit: 'maxCheckpoints', text: expect.stringContaining('2 are newer than this one (1 on node1)') },
    ],
  });
  const agent = await agentOn(cluster, 'node2');
  expect(await agent.run(['explain', oldest])).toContain('verdict of the agent that runs on node2');
  expect(JSON.parse(await agent.run(['plan', '--output=json'])).verdicts).toContainEqual(explained.verdict);
});

it.each([
  ['count', { maxCheckpoints: 4 }],
  ['total size', { maxTotalSize: '10Mi' }],
])('limits a namespace that lies on both nodes by %s', async (_, limits) => {
  await limitNamespace(limits);
  lay({ node1: [1, 3, 5, 7], node2: [2, 4, 6, 8] }); // each node by itself is within the limit
  await waitFor('the newest four are left', () => isLeft({ node1: [1, 3], node2: [2, 4] }));
  await toldWitness.told();
  expect(left()).toEqual({ node1: [1, 3], node2: [2, 4] });
});

it('counts on each node by itself with scope Node', async () => {
  await limitNamespace({ maxCheckpoints: 2, scope: 'Node' });
  lay({ node1: [1, 3, 5], node2: [7, 8, 9] });
  await waitFor('each node has its newest two', () => isLeft({ node1: [1, 3], node2: [7, 8] }));
  await toldWitness.told();
  expect(left()).toEqual({ node1: [1, 3], node2: [7, 8] });
});

it('deletes nothing for an edit until something arrives on some node', async () => {
  await limitNamespace({ maxCheckpoints: 7 });
  lay({ node1: [5, 6], node2: [3, 4] });
  await toldWitness.told();
  await limitNamespace({ maxCheckpoints: 3 });
  await toldWitness.told();
  expect(left()).toEqual({ node1: [5, 6], node2: [3, 4] });
  lay({ node2: [2] });
  await waitFor('the newest three are left', () => isLeft({ node1: [], node2: [2, 3, 4] }));
});

it('keeps on each node at least what that has of the newest while no controller runs, and catches up', async () => {
  await limitNamespace({ maxCheckpoints: 2 });
  lay({ node1: [18, 19] });
  await toldWitness.told();
  onTestFinished(() => scaleControllers(2)); // a test that fails must not have the next one fail
  const killed = await untilSomebodyLeads();
  const running = await controllerPods(cluster);
  const processes = await Promise.all(running.map(({ name }) => processesOf(cluster, RELEASE, name)));
  lay({ node2: [10] }); // the one that tells node1 of it is killed, or has told: then 19 is one too many
  for (const pid of processes.flat()) process.kill(pid, 'SIGKILL');
  await scaleControllers(0);
  // A container that was started anew before its pod is deleted may lead once more until then.
  await waitFor('no controller runs', async () => (await controllerPods(cluster)).length === 0);
  await witnesses.node1.pass();
  const before = node1.left();
  expect(before).toContain(18);

  lay({ node2: [6, 7, 8, 9] });
  await waitFor('node2 has its newest two', () => node2.left().join() === '6,7');
  await Promise.all(NODES.map((node) => witnesses[node].pass()));
  expect(left()).toEqual({ node1: before, node2: [6, 7] });

  await scaleControllers(2);
  await waitFor('another controller leads, not the killed one that the Lease still names', async () => {
    const leader = await findLeader(cluster);
    return leader?.identity !== killed.identity && leader;
  });
  await waitFor('the newest two are left', () => isLeft({ node1: [], node2: [6, 7] }));
});

// The leader stays: another one would know nothing of the node that is cut off.
it('counts what a node that is cut off had for a minute at most, and holds the limit again once it is back', async () => {
  const leader = await untilSomebodyLeads();
  const leaderNode = (await controllerPods(cluster)).find(({ name }) => name === leader.pod)?.node;
  const [stays, cut]: readonly [Node, Node] =
    leaderNode === 'node1' ? ['node1', 'node2'] : ['node2', 'node1'];
  const both = (ofStays: readonly number[], ofCut: readonly number[]) =>
    ({ [stays]: ofStays, [cut]: ofCut }) as Record<Node, readonly number[]>;
  const otherNodes = async (age: number) =>
    (await explainOn(stays, samples[stays].nameOf(age))).otherNodes.join();
  // More than the limit allows, which nothing has arrived under: so they are told of each other, and nothing goes.
  await limitNamespace({ maxCheckpoints: 6 });
  lay(both([20, 21, 22, 23], [15, 16]));
  await toldWitness.told();
  await limitNamespace({ maxCheckpoints: 5 });
  await waitFor('each counts the other', async () => (await otherNodes(20)) === cut);

  const node = cluster.node(cut);
  onTestFinished(async () => {
    node.plugIn();
    await node.kubelet.kill(); // by itself it takes a minute to see that its connections are dead: the next scenario would wait
  });
  node.unplug();
  const unpluggedMs = performance.now();
  lay(both([], [10, 12, 13, 14]));
  await waitFor(`${cut} has its newest five`, () => samples[cut].left().join() === '10,12,13,14,15');
  await waitFor(`${stays} does not count ${cut} any more`, async () => (await otherNodes(20)) === '');
  tell(`counted for ${((performance.now() - unpluggedMs) / 1_000).toFixed(1)} s after the cut`);
  lay(both([11], []));
  await witnesses[stays].pass();
  expect(left()).toEqual(both([11, 20, 21, 22, 23], [10, 12, 13, 14, 15]));

  node.plugIn();
  await waitFor('the newest five of both are left', () => isLeft(both([11], [10, 12, 13, 14])));
});

/** Asks the running agent of a node about one of its archives, as an operator does. */
async function explainOn(
  node: string,
  archive: string,
): Promise<{ readonly otherNodes: readonly string[]; readonly verdict: object }> {
  const agent = await agentOn(cluster, node);
  return JSON.parse(await agent.run(['explain', archive, '--output=json']));
}

/** They would count in the namespace. */
function removeArchivesOfDb(): void {
  for (const node of cluster.nodes) {
    for (const name of node.archives()) {
      if (name.startsWith('checkpoint-db-0_')) rmSync(join(node.path(CHECKPOINT_DIR), name), { force: true });
    }
  }
}

/** Makes a StatefulSet of one pod, `db-0`, on a node, or moves it there. */
async function moveTo(node: Node): Promise<void> {
  const labels = { app: 'db' };
  const object = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: {
      serviceName: 'db',
      selector: { matchLabels: labels },
      updateStrategy: { type: 'OnDelete' },
      template: {
        metadata: { labels },
        spec: { ...podSpec(), nodeSelector: { 'kubernetes.io/hostname': node } },
      },
    },
  };
  await cluster.kubectl(['apply', '--namespace', namespace, '--filename=-'], JSON.stringify(object));
  const pod = await findTestPod(cluster, namespace, 'db-0');
  if (pod.node === node) return;
  await pod.delete();
}

function untilSomebodyLeads(): Promise<Leader> {
  return waitFor('a controller leads', () => findLeader(cluster));
}

async function scaleControllers(replicas: number): Promise<void> {
  const object = ['deployment', 'checkpoint-warden-controller', '--namespace', RELEASE];
  await cluster.kubectl(['scale', ...object, `--replicas=${replicas}`]);
}
