import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { POLICIES_PATH } from '../policies-api.ts';
import { deletePod, makePod } from './agent-node.ts';
import { type ControllerProgram, type ControlPlane, LEASE_PATH, startControlPlane } from './control-plane.ts';
import { until } from './until.ts';

/** Long enough for what is to happen within it on a busy machine, short enough to wait for. */
const GRACE_SECONDS = 4;
const POLICY = { orphanGracePeriod: `${GRACE_SECONDS}s`, globalPolicy: { retainOrphan: false } };
const MERGE = 'application/merge-patch+json';

let plane: ControlPlane;
let controller: ControllerProgram;
let last = 0;

beforeAll(async () => {
  const started = await startControlPlane(process.env.KUBEBUILDER_ASSETS ?? '');
  plane = started;
  controller = started.first;
  await plane.apply('default', POLICY);
  // Whoever has no other pod: an API server that knows no pod at all is not believed.
  await makePod(plane.api, { namespace: 'shop', name: 'bystander' });
  await until('the policy is in force', async () =>
    (await condition('Enforced')).startsWith('Enforced=True'),
  );
});

afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.error(plane.logs());
});

afterAll(() => plane?.close());

/** A name that no other test has. */
function freshName(): string {
  last += 1;
  return `web-${last}`;
}

function condition(type: string): Promise<string> {
  return plane.condition('default', type);
}

/** Edits how long a pod must be gone, and waits until that is in force. */
async function setGrace(seconds: number): Promise<void> {
  await plane.apply('default', { ...POLICY, orphanGracePeriod: `${seconds}s` });
  const { body } = await plane.api.send('GET', `${POLICIES_PATH}/default`);
  const { generation } = (body as { metadata: { generation: number } }).metadata;
  await until(`a grace of ${seconds} s is in force`, async () => {
    const conditions = (await plane.status('default'))?.conditions ?? [];
    return conditions.some(
      ({ type, status, observedGeneration }) =>
        type === 'Enforced' && status === 'True' && observedGeneration === generation,
    );
  });
}

function archivesOf(pod: string): number {
  const ofPod = (name: string) => name.startsWith(`checkpoint-${pod}_`);
  return [...plane.node1.list(), ...plane.node2.list()].filter(ofPod).length;
}

async function untilGone(pod: string): Promise<void> {
  await until(`the archives of ${pod} are gone`, () => archivesOf(pod) === 0);
}

/** Waits until the leader has asked the API server about so many pods more. */
async function untilAsked(answer: 'gone' | 'there' | 'unknown', before: number): Promise<void> {
  await until(`an answer ${answer}`, async () => (await asked(answer)) > before);
}

async function asked(answer: string): Promise<number> {
  return controller.metric(`checkpoint_warden_orphan_signals_total{result="${answer}"}`);
}

/** Waits until an orphan noticed now would be gone: another pod's archive is the clock. */
async function untilAnotherIsGone(): Promise<void> {
  const other = freshName();
  plane.node1.checkpoint({ namespace: 'shop', pod: other, container: 'app' }, 1);
  plane.node2.checkpoint({ namespace: 'shop', pod: other, container: 'app' }, 1);
  await untilGone(other);
}

describe('the archives of a pod that is deleted', () => {
  it('go on every node that holds some, once the grace is over', async () => {
    const pod = freshName();
    await makePod(plane.api, { namespace: 'shop', name: pod, node: 'node-1' });
    plane.node1.checkpoint({ namespace: 'shop', pod, container: 'app' }, 2);
    plane.node2.checkpoint({ namespace: 'shop', pod, container: 'app' }, 5);
    await untilAnotherIsGone();
    expect(archivesOf(pod)).toBe(2);
    const deletedAt = performance.now();
    await deletePod(plane.api, 'shop', pod);
    await untilGone(pod);
    expect(performance.now() - deletedAt).toBeGreaterThan(GRACE_SECONDS * 1000);
  });

  it('go when they turn up after it is gone', async () => {
    const pod = freshName();
    plane.node2.checkpoint({ namespace: 'shop', pod, container: 'app' }, 1);
    await untilGone(pod);
  });

  it('stay when it is made anew within the grace, on whatever node', async () => {
    const pod = freshName();
    await makePod(plane.api, { namespace: 'shop', name: pod, node: 'node-1' });
    plane.node1.checkpoint({ namespace: 'shop', pod, container: 'app' }, 1);
    await untilAnotherIsGone();
    // However slow this test is, the pod is back within it.
    await setGrace(600);
    const before = await asked('gone');
    await deletePod(plane.api, 'shop', pod);
    await untilAsked('gone', before);
    await makePod(plane.api, { namespace: 'shop', name: pod, node: 'node-2' });
    await setGrace(GRACE_SECONDS);
    await untilAnotherIsGone();
    expect(archivesOf(pod)).toBe(1);
  });

  it('go when the whole namespace is emptied', async () => {
    const pods = [freshName(), freshName(), freshName()];
    await plane.api.send('POST', '/api/v1/namespaces', { metadata: { name: 'team' } });
    for (const name of pods) {
      await makePod(plane.api, { namespace: 'team', name });
      plane.node1.checkpoint({ namespace: 'team', pod: name, container: 'app' }, 1);
    }
    await untilAnotherIsGone();
    expect(pods.map(archivesOf)).toEqual([1, 1, 1]);
    await plane.api.send('DELETE', '/api/v1/namespaces/team/pods?gracePeriodSeconds=0');
    for (const pod of pods) await untilGone(pod);
  });
});

describe('the archives of a container', () => {
  it('stay while the pod has it, as a regular, an init or an ephemeral one, and go when it never had', async () => {
    const pod = freshName();
    await makePod(plane.api, {
      namespace: 'shop',
      name: pod,
      containers: ['app'],
      initContainers: ['setup'],
    });
    const debug = { name: 'debug', image: 'localhost/none' };
    const path = `/api/v1/namespaces/shop/pods/${pod}/ephemeralcontainers`;
    const patch = { spec: { ephemeralContainers: [debug] } };
    const added = await plane.api.send('PATCH', path, patch, 'application/strategic-merge-patch+json');
    expect(added.status).toBe(200);
    for (const container of ['app', 'setup', 'debug', 'gone'])
      plane.node1.checkpoint({ namespace: 'shop', pod, container }, 1);
    await until('the fourth is gone', () => archivesOf(pod) === 3);
    await untilAnotherIsGone();
    expect(archivesOf(pod)).toBe(3);
  });
});

describe('a pod deleted while somebody was away', () => {
  async function podWithArchive(): Promise<string> {
    const pod = freshName();
    await makePod(plane.api, { namespace: 'shop', name: pod, node: 'node-1' });
    plane.node1.checkpoint({ namespace: 'shop', pod, container: 'app' }, 1);
    await untilAnotherIsGone();
    return pod;
  }

  it('loses its archives when the controller is back', async () => {
    const pod = await podWithArchive();
    await controller.daemon.end('SIGTERM');
    await deletePod(plane.api, 'shop', pod);
    controller = await plane.startController();
    await untilGone(pod);
  });

  it('loses them when the agent is back', async () => {
    const pod = await podWithArchive();
    await plane.node1.kill();
    await deletePod(plane.api, 'shop', pod);
    plane.node1.start();
    await untilGone(pod);
  });

  it('loses them when the API server, down since, is back', async () => {
    const pod = await podWithArchive();
    process.kill(controller.daemon.pid, 'SIGSTOP');
    await deletePod(plane.api, 'shop', pod);
    await plane.server.kill();
    process.kill(controller.daemon.pid, 'SIGCONT');
    await plane.server.start();
    await untilGone(pod);
  });
});

describe('in doubt', () => {
  it('nothing goes while the API server refuses to tell, and the status names verb and resource', async () => {
    const pod = freshName();
    const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/checkpoint-warden-controller';
    const { body } = await plane.api.send('GET', role);
    const { rules } = body as { rules: { resources: string[]; verbs: string[] }[] };
    const without = rules.map((rule) =>
      rule.resources.includes('pods') ? { ...rule, verbs: ['list', 'watch'] } : rule,
    );
    await plane.api.send('PATCH', role, { rules: without }, MERGE);
    const before = await asked('unknown');
    plane.node1.checkpoint({ namespace: 'shop', pod, container: 'app' }, 1);
    await untilAsked('unknown', before);
    await until('the status says why', async () => /get pods: 403/.test(await condition('Degraded')));
    expect(await condition('Degraded')).toContain('verb get on pods');
    expect(archivesOf(pod)).toBe(1);
    await plane.api.send('PATCH', role, { rules }, MERGE);
    await untilGone(pod);
    await until('all is well', async () => (await condition('Degraded')).startsWith('Degraded=False'));
  });

  it('nothing goes while an administrator holds orphans', async () => {
    const pod = freshName();
    const key = 'checkpoint-warden.dev/hold-orphans';
    const annotate = (value: string | null) =>
      plane.api.send('PATCH', LEASE_PATH, { metadata: { annotations: { [key]: value } } }, MERGE);
    await annotate('restoring etcd');
    await until('the status says so', async () => /restoring etcd/.test(await condition('Degraded')));
    plane.node1.checkpoint({ namespace: 'shop', pod, container: 'app' }, 1);
    await until('the archive is known', async () => {
      const { archives } = (await plane.status('default')) ?? {};
      return archives?.count === plane.node1.list().length + plane.node2.list().length;
    });
    expect(archivesOf(pod)).toBe(1);
    await annotate(null);
    await untilGone(pod);
  });

  it('nothing goes on the word of a leader that has been deposed', async () => {
    const pod = freshName();
    const second = await plane.startController();
    await makePod(plane.api, { namespace: 'shop', name: pod, node: 'node-1' });
    plane.node1.checkpoint({ namespace: 'shop', pod, container: 'app' }, 1);
    await untilAnotherIsGone();
    // Time to have it stand still, and over when another leads: its lease lasts for 15 s.
    await setGrace(10);
    // The pod is deleted; the leader finds out and stands still before it can say so, for longer than its lease lasts.
    const before = await asked('gone');
    await deletePod(plane.api, 'shop', pod);
    await untilAsked('gone', before);
    process.kill(controller.daemon.pid, 'SIGSTOP');
    await makePod(plane.api, { namespace: 'shop', name: pod, node: 'node-1' });
    await until('the second leads', async () => (await second.metric('checkpoint_warden_leader')) === 1);
    process.kill(controller.daemon.pid, 'SIGCONT');
    await until('the first follows', async () => (await controller.metric('checkpoint_warden_leader')) === 0);
    controller = second;
    await setGrace(GRACE_SECONDS);
    await untilAnotherIsGone();
    expect(archivesOf(pod)).toBe(1);
  });
});
