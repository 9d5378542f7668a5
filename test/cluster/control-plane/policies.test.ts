import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { POLICIES_PATH } from '../policies-api.ts';
import { AGENT_LABELS, deletePod, makePod } from './agent-node.ts';
import {
  type ControllerProgram,
  type ControlPlane,
  LEASE_PATH,
  NAMESPACE,
  startControlPlane,
} from './control-plane.ts';
import { until } from './until.ts';

const APP = { namespace: 'shop', pod: 'web-0', container: 'app' };

let plane: ControlPlane;
let first: ControllerProgram;
let minutesAgo = 10_000;

beforeAll(async () => {
  const started = await startControlPlane(process.env.KUBEBUILDER_ASSETS ?? '');
  plane = started;
  first = started.first;
  await makePod(plane.api, { namespace: 'shop', name: 'web-0', node: 'node-1' });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(plane.logs());
  await plane.api.send('DELETE', POLICIES_PATH);
});

afterAll(() => plane?.close());

/** One more archive, younger than all before. */
function checkpoint(node: 'node1' | 'node2' = 'node1'): string {
  minutesAgo -= 1;
  return plane[node].checkpoint(APP, minutesAgo);
}

async function inForce(name: string): Promise<void> {
  await until(`${name} is in force`, async () =>
    (await plane.condition(name, 'Enforced')).startsWith('Enforced=True'),
  );
}

async function said(name: string, type: string, text: RegExp): Promise<void> {
  let now = '';
  try {
    await until(`${type} of ${name}`, async () => {
      now = await plane.condition(name, type);
      return text.test(now);
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}: it is "${now}"`);
  }
}

async function event(reason: string, note: RegExp): Promise<void> {
  await until(`an Event ${reason} ${note}`, async () =>
    (await plane.events()).some((each) => each.reason === reason && note.test(each.note)),
  );
}

describe('a policy', () => {
  it('is in force on every node, and kubectl tells what it has done', async () => {
    await plane.apply('default', { globalPolicy: { maxCheckpointsPerContainer: 2 } });
    await inForce('default');
    for (let count = 0; count < 5; count++) checkpoint();
    await until('two are left', () => plane.node1.list().length === 2);
    // It may take more than one pass: the status has the total.
    await event('ArchivesDeleted', /^node-1: deleted \d archives?, .*: \d over-count$/);
    await until('the status counts them', async () => (await plane.status('default'))?.deleted?.count === 3);
    const { stdout } = await plane.api.kubectl(['get', 'ckrp']);
    expect(stdout).toMatch(/^NAME +MODE +ENFORCED +NODES +ARCHIVES +SIZE +RECLAIMED +AGE\n/);
    expect(stdout).toMatch(/\ndefault +Enforce +True +2 +2 +/);
    expect(await plane.condition('default', 'Degraded')).toMatch(/^Degraded=False Healthy/);
  });

  it('acts as edited, and not at all once it is deleted', async () => {
    await plane.apply('default', { globalPolicy: { maxCheckpointsPerContainer: 1 } });
    await inForce('default');
    checkpoint();
    await until('one is left', () => plane.node1.list().length === 1);
    await plane.apply('default', { globalPolicy: { maxCheckpointsPerContainer: 3 } });
    await until('the edit is in force', async () => {
      const status = await plane.status('default');
      const enforced = status?.conditions?.find(({ type }) => type === 'Enforced');
      return enforced?.status === 'True' && enforced.observedGeneration === 2;
    });
    for (let count = 0; count < 4; count++) checkpoint();
    await until('three are left', () => plane.node1.list().length === 3);
    await plane.api.send('DELETE', `${POLICIES_PATH}/default`);
    await plane.apply('other', { namespacePolicies: [{ namespace: 'other', maxCheckpoints: 1 }] });
    await inForce('other');
    checkpoint();
    checkpoint();
    await until('the status counts them', async () => (await plane.status('other'))?.archives?.count === 5);
    expect(plane.node1.list()).toHaveLength(5);
  });

  it('is in force only where its nodeSelector says', async () => {
    await plane.apply('gpu', {
      nodeSelector: { pool: 'gpu' },
      globalPolicy: { maxCheckpointsPerContainer: 1 },
    });
    await inForce('gpu');
    expect((await plane.status('gpu'))?.nodes).toEqual({ desired: 1, ready: 1, current: 1 });
    const before = plane.node1.list().length;
    checkpoint('node1');
    checkpoint('node2');
    checkpoint('node2');
    await until('one is left there', () => plane.node2.list().length === 1);
    expect(plane.node1.list()).toHaveLength(before + 1);
  });

  it('says in Audit mode what it would delete, and deletes nothing', async () => {
    const before = plane.node1.list().length;
    await plane.apply('audit', { mode: 'Audit', globalPolicy: { maxCheckpointsPerContainer: 1 } });
    await inForce('audit');
    checkpoint();
    await event('WouldDelete', /^node-1: in Audit mode, would delete /);
    expect(plane.node1.list()).toHaveLength(before + 1);
  });
});

describe('a policy that the API server lets through and the compiler does not', () => {
  it('loses what an older one is for, and says so; the rest of both is in force', async () => {
    await plane.apply('older', { globalPolicy: { maxCheckpointsPerContainer: 7 } });
    await inForce('older');
    // Ages are told apart by the second.
    const { body } = await plane.api.send('GET', `${POLICIES_PATH}/older`);
    const born = Date.parse((body as { metadata: { creationTimestamp: string } }).metadata.creationTimestamp);
    await until('another second', () => Date.now() >= born + 1000);
    await plane.apply('younger', {
      globalPolicy: { maxCheckpointsPerContainer: 1 },
      namespacePolicies: [{ namespace: 'none', maxCheckpoints: 1 }],
    });
    await said('younger', 'Accepted', /^Accepted=False Conflict: .*spec\.globalPolicy \(by older\)/);
    await said('older', 'Accepted', /^Accepted=True Valid/);
    await said('younger', 'Enforced', /^Enforced=True/);
    await event('PolicyConflict', /spec\.globalPolicy is not in force: the older policy older/);
  });

  it('is told which pattern can match nothing', async () => {
    await plane.apply('typo', {
      namespacePolicies: [
        { namespace: 'team.a', maxCheckpoints: 1 },
        { namespace: 'none', maxCheckpoints: 1 },
      ],
    });
    await said(
      'typo',
      'Accepted',
      /^Accepted=False NeverMatches: .*"team\.a": a namespace name holds no dots/,
    );
    await said('typo', 'Enforced', /^Enforced=True/);
    await event('PolicyInvalid', /"team\.a" can match nothing/);
  });
});

describe('an agent', () => {
  it('that says it is another node’s is told nothing and named, and the others are not affected', async () => {
    await plane.apply('default', { globalPolicy: { maxCheckpointsPerContainer: 50 } });
    await plane.api.send('POST', '/api/v1/nodes', { metadata: { name: 'node-3' } });
    await makePod(plane.api, {
      namespace: NAMESPACE,
      name: 'liar',
      node: 'node-3',
      ip: '127.0.0.2',
      labels: AGENT_LABELS,
    });
    await said('default', 'Degraded', /AgentsUnusable: .*node-3 \(.*says that it is the agent of node-1\)/);
    await said('default', 'Enforced', /^Enforced=True/);
    expect((await plane.status('default'))?.nodes).toEqual({ desired: 3, ready: 2, current: 2 });
    await deletePod(plane.api, NAMESPACE, 'liar');
    await said('default', 'Degraded', /^Degraded=False/);
  });

  it('that is down is named, goes on with what it had, and catches up', async () => {
    await plane.apply('default', { globalPolicy: { maxCheckpointsPerContainer: 50 } });
    await inForce('default');
    await plane.node2.kill();
    await said('default', 'Degraded', /AgentsUnusable: .*node-2 \(.*ECONNREFUSED/);
    await plane.apply('default', { globalPolicy: { maxCheckpointsPerContainer: 40 } });
    plane.node2.start();
    await said('default', 'Degraded', /^Degraded=False/);
    await inForce('default');
  });
});

describe('a second controller', () => {
  it('follows while the first leads, and takes over when that is killed', async () => {
    await plane.apply('default', { globalPolicy: { maxCheckpointsPerContainer: 3 } });
    await inForce('default');
    const second = await plane.startController();
    await until('it runs', async () => (await second.metric('checkpoint_warden_leader')) === 0);
    const transitions = await leaseTransitions();
    await first.daemon.end('SIGKILL');
    await until('it leads', async () => (await second.metric('checkpoint_warden_leader')) === 1);
    expect(await leaseTransitions()).toBe(transitions + 1);
    await until('both agents obey it', async () => {
      return (await second.metric('checkpoint_warden_pushes_total{kind="policy",result="accepted"}')) >= 2;
    });
    for (let count = 0; count < 4; count++) checkpoint();
    await until('three are left', () => plane.node1.list().length === 3);
    await plane.apply('default', { globalPolicy: { maxCheckpointsPerContainer: 2 } });
    await inForce('default');
  });
});

async function leaseTransitions(): Promise<number> {
  const { body } = await plane.api.send('GET', LEASE_PATH);
  return (body as { spec: { leaseTransitions: number } }).spec.leaseTransitions;
}
