import { HOLD_ORPHANS } from '@checkpoint-warden/controller/testing';
import { KubeError, resourceName } from '@checkpoint-warden/kube';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startControlPlane } from './control-plane.ts';

let plane: Awaited<ReturnType<typeof startControlPlane>>;

beforeEach(async () => {
  plane = await startControlPlane();
});
afterEach(() => plane.stop());

const LIMIT = { maxCheckpointsPerContainer: 3 };
const ORPHANS_GO = { orphanGracePeriod: '1m', globalPolicy: { retainOrphan: false } };

describe('a policy', () => {
  it('is in force on every node soon after it was applied, edited and deleted', async () => {
    plane.putPolicy('default', { globalPolicy: LIMIT });
    await plane.pass(3_000);
    expect(plane.rules()).toEqual(['default/globalPolicy', 'default/globalPolicy']);
    expect(plane.statusOf('default')).toMatchObject({
      observedGeneration: 1,
      nodes: { desired: 2, ready: 2, current: 2 },
    });
    expect(plane.condition('default', 'Enforced')).toMatch(/^True InForceEverywhere/);
    plane.putPolicy('default', { namespacePolicies: [{ namespace: 'shop', maxCheckpoints: 1 }] });
    await plane.pass(3_000);
    expect(plane.rules()).toEqual(['default/namespacePolicies[0]', 'default/namespacePolicies[0]']);
    expect(plane.statusOf('default')?.observedGeneration).toBe(2);
    plane.removePolicy('default');
    await plane.pass(3_000);
    expect(plane.rules()).toEqual(['', '']);
  });

  it('with a nodeSelector is in force where the labels are', async () => {
    plane.putPolicy('gpu', { nodeSelector: { pool: 'gpu' }, globalPolicy: LIMIT });
    await plane.pass(3_000);
    expect(plane.rules()).toEqual(['gpu/globalPolicy', '']);
    expect(plane.statusOf('gpu')?.nodes).toEqual({ desired: 1, ready: 1, current: 1 });
  });

  it('that becomes invalid is not in force, says so, and leaves the others in force', async () => {
    plane.putPolicy('good', { namespacePolicies: [{ namespace: 'shop', maxCheckpoints: 1 }] });
    plane.putPolicy('bad', { globalPolicy: LIMIT });
    await plane.pass(3_000);
    plane.putPolicy('bad', { globalPolicy: { maxCheckpointsPerContainer: -1 } });
    await plane.pass(3_000);
    expect(plane.rules()).toEqual(['good/namespacePolicies[0]', 'good/namespacePolicies[0]']);
    expect(plane.condition('bad', 'Accepted')).toMatch(
      /^False Invalid: The policy is not in force\. .*maxCheckpointsPerContainer/,
    );
    expect(plane.condition('good', 'Accepted')).toMatch(/^True Valid/);
    expect(plane.events).toEqual([
      expect.stringMatching(/^PolicyInvalid bad: not in force: .*maxCheckpointsPerContainer/),
    ]);
  });

  it('gives way to an older one for the same, and says to which', async () => {
    plane.putPolicy('old', { globalPolicy: LIMIT });
    await plane.pass(3_000);
    plane.putPolicy('young', { globalPolicy: { maxCheckpointsPerContainer: 1 } });
    await plane.pass(3_000);
    expect(plane.rules()).toEqual(['old/globalPolicy', 'old/globalPolicy']);
    expect(plane.condition('young', 'Accepted')).toBe(
      'False Conflict: Parts are not in force, as older policies are for the same: spec.globalPolicy (by old).',
    );
    expect(plane.events).toEqual([expect.stringMatching(/^PolicyConflict young: .*older policy old/)]);
  });
});

describe('the archives of a pod that was deleted', () => {
  beforeEach(async () => {
    plane.putPod('shop', 'web-0');
    plane.checkpoint('node-1', 'web-0');
    plane.checkpoint('node-2', 'web-0');
    plane.putPolicy('default', ORPHANS_GO);
    await plane.pass(15_000);
    expect(plane.archives()).toEqual([1, 1]);
  });

  it('go on every node that holds some, after the grace and not before', async () => {
    plane.removePod('shop', 'web-0');
    await plane.pass(59_000);
    expect(plane.archives()).toEqual([1, 1]);
    await plane.pass(4_000);
    expect(plane.archives()).toEqual([0, 0]);
    await plane.pass(15_000);
    expect(plane.statusOf('default')).toMatchObject({
      archives: { count: 0 },
      deleted: { count: 2, bytes: 2_000 },
    });
    expect(plane.events.filter((event) => event.startsWith('ArchivesDeleted default'))).toHaveLength(2);
  });

  it('stay while the pod is there, under whichever node it runs', async () => {
    await plane.pass(300_000);
    expect(plane.archives()).toEqual([1, 1]);
  });

  it('stay where the pod came back within the grace, which begins anew when it goes again', async () => {
    plane.removePod('shop', 'web-0');
    await plane.pass(50_000);
    plane.putPod('shop', 'web-0');
    await plane.pass(120_000);
    expect(plane.archives()).toEqual([1, 1]);
    plane.removePod('shop', 'web-0');
    await plane.pass(58_000);
    expect(plane.archives()).toEqual([1, 1]);
    await plane.pass(5_000);
    expect(plane.archives()).toEqual([0, 0]);
  });

  it('stay where the pod is there at the second question, though the watch has not told of it', async () => {
    plane.removePod('shop', 'web-0');
    await plane.pass(20_000);
    plane.fail(({ verb, resource }) => (verb === 'watch' && resource.plural === 'pods' ? 'hang' : 'ok'));
    plane.server.breakWatches('clean');
    plane.putPod('shop', 'web-0');
    await plane.pass(90_000);
    expect(plane.archives()).toEqual([1, 1]);
  });

  it('stay where the pod was there between a watch and the next list, unseen: the grace begins anew', async () => {
    plane.removePod('shop', 'web-0');
    await plane.pass(40_000);
    plane.fail(({ verb }) =>
      verb === 'watch'
        ? { error: new KubeError({ verb, resource: 'pods', status: 500, reason: '', message: 'no' }) }
        : 'ok',
    );
    plane.server.breakWatches('error');
    await plane.pass(1_000);
    plane.putPod('shop', 'web-0');
    plane.removePod('shop', 'web-0');
    plane.server.compact();
    plane.fail(() => 'ok');
    await plane.pass(35_000);
    expect(plane.archives()).toEqual([1, 1]);
    await plane.pass(60_000);
    expect(plane.archives()).toEqual([0, 0]);
  });

  it('go also where they turn up long after', async () => {
    plane.removePod('shop', 'web-0');
    await plane.pass(120_000);
    plane.checkpoint('node-2', 'web-0');
    await plane.pass(100_000);
    expect(plane.archives()).toEqual([0, 0]);
  });

  it('do not take those with them that are made of a pod of that name right after', async () => {
    plane.removePod('shop', 'web-0');
    await plane.pass(64_000);
    expect(plane.archives()).toEqual([0, 0]);
    plane.putPod('shop', 'web-0');
    await plane.pass(1_000);
    plane.checkpoint('node-1', 'web-0');
    await plane.pass(120_000);
    expect(plane.archives()).toEqual([1, 0]);
  });

  it('go with a container that was taken out of its pod', async () => {
    plane.putPod('shop', 'web-0', { spec: { containers: [{ name: 'other' }] } });
    await plane.pass(90_000);
    expect(plane.archives()).toEqual([0, 0]);
  });

  it.each([403, 404, 429, 500, 0])(
    'stay while asking for the pod ends with %i, and status says why',
    async (code) => {
      plane.fail(({ verb, resource }) =>
        verb === 'get' && resource.plural === 'pods'
          ? { error: new KubeError({ verb, resource: 'pods', status: code, reason: '', message: 'refused' }) }
          : 'ok',
      );
      plane.removePod('shop', 'web-0');
      await plane.pass(300_000);
      expect(plane.archives()).toEqual([1, 1]);
      expect(plane.condition('default', 'Degraded')).toMatch(
        /^True OwnersUnknown: Whether the pods of 2 archives exist .*get pods/,
      );
      plane.fail(() => 'ok');
      await plane.pass(400_000);
      expect(plane.archives()).toEqual([0, 0]);
      expect(plane.condition('default', 'Degraded')).toMatch(/^False Healthy/);
    },
  );

  it('stay while an administrator holds orphans', async () => {
    plane.leadership.annotations = { [HOLD_ORPHANS]: 'restore at noon' };
    plane.removePod('shop', 'web-0');
    await plane.pass(120_000);
    expect(plane.archives()).toEqual([1, 1]);
    expect(plane.condition('default', 'Degraded')).toContain('restore at noon');
    expect(await plane.registry.metrics()).toContain('checkpoint_warden_orphans_held 1');
  });

  it('stay after a restore of etcd in which the pod is missing, until an administrator says go on', async () => {
    plane.removePod('shop', 'web-0');
    const backup = plane.server.snapshot();
    plane.putPod('shop', 'web-0');
    plane.putPod('shop', 'web-1');
    await plane.pass(5_000);
    plane.server.restore(backup);
    await plane.pass(200_000);
    expect(plane.archives()).toEqual([1, 1]);
    expect(plane.leadership.annotations[HOLD_ORPHANS]).toContain('went back');
  });

  it('are judged by lists made anew when there is any sign of a restore of etcd, as watches may show none', async () => {
    const lists: string[] = [];
    plane.fail(({ verb, resource }) => {
      if (verb === 'list') lists.push(resourceName(resource));
      return 'ok';
    });
    await plane.pass(30_000);
    expect(lists).toEqual([]);
    plane.holdRequest.make('the Lease is older than it was written');
    await plane.pass(3_000);
    expect(lists.sort()).toEqual([
      'checkpointretentionpolicies.checkpoint-warden.dev',
      'nodes',
      'pods',
      'pods',
    ]);
  });

  it('stay while pods may not be listed, and status names the verb and the resource', async () => {
    plane.fail(({ verb, resource }) =>
      resourceName(resource) === 'pods' && (verb === 'list' || verb === 'watch')
        ? {
            error: new KubeError({ verb, resource: 'pods', status: 403, reason: 'Forbidden', message: 'no' }),
          }
        : 'ok',
    );
    plane.server.breakWatches('error');
    await plane.pass(5_000);
    plane.removePod('shop', 'web-0');
    await plane.pass(120_000);
    expect(plane.archives()).toEqual([1, 1]);
    expect(plane.condition('default', 'Degraded')).toMatch(
      /^True OwnersUnknown: .*pods: 403 Forbidden: no; grant the controller's service account the verb (list|watch) on pods/,
    );
  });
});
