import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { KubeApi, WatchEvent, WatchQuery } from '../kube-api.ts';
import { KubeError } from '../kube-error.ts';
import type { KubeObject, Lease } from '../objects.ts';
import { LEASES, NODES, type Resource } from '../resource.ts';

/** A port under test. */
export interface KubeApiUnderTest {
  readonly api: KubeApi;
  /** Exists, and nothing is in it. Its name is used for cluster-scoped objects as well. */
  readonly namespace: string;
  cleanUp(): Promise<void>;
}

interface NodeWithStatus extends KubeObject {
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: { readonly conditions?: readonly NodeCondition[] };
}

interface NodeCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
}

const NODES_WITH_STATUS: Resource<NodeWithStatus> = NODES;
/**
 * A resource that was installed when the API server had long been running: it knows nothing of what was at version 1. Of those
 * that it is born with it may know everything.
 */
export const INSTALLED_LATER: Resource = {
  group: 'checkpoint-warden.dev',
  version: 'v1alpha1',
  plural: 'checkpointretentionpolicies',
  kind: 'CheckpointRetentionPolicy',
  namespaced: false,
};
/** Of a watch: the API server sends a bookmark 2 s before it ends. What is to be seen is written before that, also on a busy machine. */
const TIMEOUT_SECONDS = 15;

/**
 * What every `KubeApi` does, whatever is behind it.
 *
 * @param make - the port, on an API server where our CRD has been installed
 */
export function describeKubeApi(kind: string, make: () => Promise<KubeApiUnderTest>): void {
  describe(`the API port ${kind}`, () => {
    const { signal } = new AbortController();
    let made: KubeApiUnderTest;
    let api: KubeApi;
    let namespace: string;
    beforeAll(async () => {
      made = await make();
      ({ api, namespace } = made);
    });
    afterAll(() => made.cleanUp());

    function leaseNamed(name: string, labels: Record<string, string> = {}): Lease {
      return {
        metadata: { namespace, name, labels },
        spec: { holderIdentity: 'one', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000000Z' },
      };
    }
    function create(name: string, labels?: Record<string, string>): Promise<Lease> {
      return api.create(LEASES, leaseNamed(name, labels), signal);
    }
    async function failure(call: Promise<unknown>): Promise<KubeError> {
      const error = await call.catch((cause: unknown) => cause);
      if (!(error instanceof KubeError))
        throw new Error('the call did not fail as it should', { cause: error });
      return error;
    }
    /** Watches leases until the server ends the watch; `meanwhile` runs beside it. */
    async function watchThrough(
      query: Omit<WatchQuery, 'timeoutSeconds' | 'namespace'>,
      meanwhile: () => Promise<unknown>,
    ): Promise<WatchEvent<Lease>[]> {
      const events: WatchEvent<Lease>[] = [];
      const asked = { ...query, namespace, timeoutSeconds: TIMEOUT_SECONDS };
      await Promise.all([api.watch(LEASES, asked, (event) => events.push(event), signal), meanwhile()]);
      return events;
    }

    describe('for single objects', () => {
      it('creates one and gets it as the server has it', async () => {
        const created = await create('created');
        expect(created).toMatchObject({
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          ...leaseNamed('created'),
          metadata: {
            namespace,
            name: 'created',
            uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
            resourceVersion: expect.stringMatching(/^\d+$/),
            creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
          },
        });
        expect(await api.get(LEASES, { namespace, name: 'created' }, signal)).toEqual(created);
      });

      it('says undefined of one that does not exist', async () => {
        expect(await api.get(LEASES, { namespace, name: 'none' }, signal)).toBeUndefined();
      });

      it('fails to get from a resource that the server does not know, and does not take that for absence', async () => {
        const unknown: Resource = { ...LEASES, group: 'none.example.com', plural: 'nones', kind: 'None' };
        const error = await failure(api.get(unknown, { namespace, name: 'none' }, signal));
        expect(error).toMatchObject({ status: 404, verb: 'get', resource: 'nones.none.example.com' });
      });

      it('creates none where one exists', async () => {
        const created = await create('exists');
        const error = await failure(create('exists'));
        expect(error).toMatchObject({ status: 409, reason: 'AlreadyExists', verb: 'create' });
        expect(await api.get(LEASES, { namespace, name: 'exists' }, signal)).toEqual(created);
      });

      it('replaces the one that was read', async () => {
        const created = await create('replaced', { left: 'out' });
        const { labels: _, ...metadata } = created.metadata;
        const replaced = await api.replace(
          LEASES,
          { ...created, metadata, spec: { ...created.spec, holderIdentity: 'two' } },
          signal,
        );
        expect(replaced.spec?.holderIdentity).toBe('two');
        expect(replaced.metadata).toMatchObject({
          uid: created.metadata.uid,
          creationTimestamp: created.metadata.creationTimestamp,
        });
        expect(replaced.metadata.labels).toBeUndefined();
        expect(Number(replaced.metadata.resourceVersion)).toBeGreaterThan(
          Number(created.metadata.resourceVersion),
        );
        expect(await api.get(LEASES, { namespace, name: 'replaced' }, signal)).toEqual(replaced);
      });

      it('does not replace one that has been changed since it was read', async () => {
        const created = await create('contended');
        const first = { ...created, spec: { ...created.spec, holderIdentity: 'first' } };
        const second = { ...created, spec: { ...created.spec, holderIdentity: 'second' } };
        await api.replace(LEASES, first, signal);
        const error = await failure(api.replace(LEASES, second, signal));
        expect(error).toMatchObject({ status: 409, reason: 'Conflict', verb: 'update', retryable: false });
        const now = await api.get(LEASES, { namespace, name: 'contended' }, signal);
        expect(now?.spec?.holderIdentity).toBe('first');
      });

      it('does not replace one that has gone', async () => {
        const { metadata, ...rest } = leaseNamed('gone');
        // The API server creates a Lease that is replaced and does not exist, unless it is to have a certain uid.
        const read = { ...metadata, uid: '00000000-0000-4000-8000-0123456789ab', resourceVersion: '1' };
        const error = await failure(api.replace(LEASES, { ...rest, metadata: read }, signal));
        expect(error).toMatchObject({ status: expect.toBeOneOf([404, 409]), verb: 'update' });
        expect(await api.get(LEASES, { namespace, name: 'gone' }, signal)).toBeUndefined();
      });

      it('ends with the reason of its signal', async () => {
        const reason = new Error('stopped');
        const key = { namespace, name: 'created' };
        await expect(api.get(LEASES, key, AbortSignal.abort(reason))).rejects.toBe(reason);
        const abort = new AbortController();
        const call = api.get(LEASES, key, abort.signal);
        abort.abort(reason);
        await expect(call).rejects.toBe(reason);
      });
    });

    describe('for a status', () => {
      const condition = (reason: string): NodeCondition => ({ type: 'Tested', status: 'True', reason });
      function applyCondition(name: string, reason: string): Promise<NodeWithStatus> {
        const status = { conditions: [condition(reason)] };
        return api.applyStatus(
          NODES_WITH_STATUS,
          { apiVersion: 'v1', kind: 'Node', metadata: { name }, status },
          signal,
        );
      }

      it('applies it and leaves the rest of the object alone', async () => {
        const name = `${namespace}-status`;
        const node: NodeWithStatus = {
          metadata: { name, labels: { a: 'b' } },
          spec: { unschedulable: true },
        };
        const created = await api.create(NODES_WITH_STATUS, node, signal);
        await applyCondition(name, 'First');
        const applied = await applyCondition(name, 'Second');
        expect(applied.status?.conditions).toEqual([expect.objectContaining(condition('Second'))]);
        expect(applied.spec).toEqual(created.spec);
        expect(applied.metadata.labels).toMatchObject({ a: 'b' });
        expect(applied.metadata.generation).toBe(created.metadata.generation);
        expect(applied.metadata.uid).toBe(created.metadata.uid);
        expect(await api.get(NODES_WITH_STATUS, { name }, signal)).toEqual(applied);
      });

      it('keeps it when the object is replaced', async () => {
        const name = `${namespace}-kept`;
        await api.create(NODES_WITH_STATUS, { metadata: { name } }, signal);
        const { status: _, ...applied } = await applyCondition(name, 'Kept');
        const replaced = await api.replace(
          NODES_WITH_STATUS,
          { ...applied, spec: { unschedulable: true } },
          signal,
        );
        expect(replaced.spec?.unschedulable).toBe(true);
        expect(replaced.status?.conditions).toEqual([expect.objectContaining(condition('Kept'))]);
      });

      it('creates no object for it', async () => {
        const error = await failure(applyCondition(`${namespace}-none`, 'None'));
        expect(error).toMatchObject({ status: 404, verb: 'patch', resource: 'nodes/status' });
      });
    });

    describe('for lists', () => {
      it('gives all objects of a selection once, page by page, with one resourceVersion', async () => {
        for (const name of ['p1', 'p2', 'p3', 'p4', 'p5']) await create(name, { test: 'pages' });
        await create('p6', { test: 'not-pages' });
        const query = { namespace, labelSelector: 'test=pages', limit: 2 };
        const names: string[][] = [];
        const versions = new Set<string>();
        let continueToken: string | undefined;
        do {
          const asked = continueToken === undefined ? query : { ...query, continueToken };
          const page = await api.list(LEASES, asked, signal);
          names.push(page.items.map((item) => item.metadata.name));
          versions.add(page.resourceVersion);
          continueToken = page.continueToken;
          // What comes in between is not in the list.
          if (names.length === 1) await create('p7', { test: 'pages' });
        } while (continueToken !== undefined);
        expect(names).toEqual([['p1', 'p2'], ['p3', 'p4'], ['p5']]);
        expect(versions.size).toBe(1);
      });

      it('says where a watch can begin when there is nothing', async () => {
        const page = await api.list(LEASES, { namespace, labelSelector: 'test=nothing', limit: 2 }, signal);
        expect(page).toEqual({ items: [], resourceVersion: expect.stringMatching(/^\d+$/) });
      });

      it('refuses a selector that it cannot read', async () => {
        const error = await failure(api.list(LEASES, { namespace, labelSelector: 'a b', limit: 2 }, signal));
        expect(error).toMatchObject({ status: 400, reason: 'BadRequest', verb: 'list' });
      });
    });

    describe('for watches', () => {
      async function versionNow(): Promise<string> {
        return (await api.list(LEASES, { namespace, limit: 1, labelSelector: 'test=nothing' }, signal))
          .resourceVersion;
      }

      it('tells what has changed since, as the selection sees it, until the server ends it', async () => {
        const before = await create('w1', { test: 'watch' });
        const resourceVersion = await versionNow();
        const relabel = (lease: Lease, test: string): Promise<Lease> =>
          api.replace(LEASES, { ...lease, metadata: { ...lease.metadata, labels: { test } } }, signal);
        // One change before the watch begins, the others meanwhile.
        const modified = await api.replace(
          LEASES,
          { ...before, spec: { ...before.spec, holderIdentity: 'two' } },
          signal,
        );
        const expected: unknown[] = [{ type: 'modified', object: modified }];
        const events = await watchThrough({ resourceVersion, labelSelector: 'test=watch' }, async () => {
          expected.push({ type: 'added', object: await create('w2', { test: 'watch' }) });
          const left = await relabel(modified, 'not-watch');
          const { resourceVersion: at } = left.metadata;
          const object = expect.objectContaining({
            metadata: expect.objectContaining({ name: 'w1', labels: { test: 'watch' }, resourceVersion: at }),
          });
          expected.push({ type: 'deleted', object });
          await create('w3', { test: 'not-watch' });
          expected.push({ type: 'added', object: await relabel(left, 'watch') });
        });
        expect(events.filter((event) => event.type !== 'bookmark')).toEqual(expected);
      });

      it('says with a bookmark how far it has come where nothing of the selection changes', async () => {
        const resourceVersion = await versionNow();
        let unselected: Lease | undefined;
        const events = await watchThrough({ resourceVersion, labelSelector: 'test=nothing' }, async () => {
          unselected = await create('b1', { test: 'bookmark' });
        });
        const last = events.at(-1);
        if (last?.type !== 'bookmark') throw new Error(`no bookmark came but ${JSON.stringify(events)}`);
        expect(Number(last.resourceVersion)).toBeGreaterThanOrEqual(
          Number(unselected?.metadata.resourceVersion),
        );
      });

      it('does not begin at a version that has been forgotten', async () => {
        const query = { resourceVersion: '1', timeoutSeconds: TIMEOUT_SECONDS };
        const error = await vi.waitUntil(
          async () => {
            const answer = await failure(api.watch(INSTALLED_LATER, query, () => {}, signal));
            // For a moment after the installation.
            return answer.status === 429 ? undefined : answer;
          },
          { timeout: 30_000 },
        );
        expect(error).toMatchObject({ status: 410, reason: 'Expired', verb: 'watch' });
      });

      it('ends with the reason of its signal and then says nothing more', async () => {
        const abort = new AbortController();
        const reason = new Error('stopped');
        const resourceVersion = await versionNow();
        const events: unknown[] = [];
        const watching = api.watch(
          LEASES,
          { namespace, resourceVersion, timeoutSeconds: 60 },
          (event) => {
            events.push(event);
            abort.abort(reason);
          },
          abort.signal,
        );
        await Promise.all([expect(watching).rejects.toBe(reason), create('a1').then(() => create('a2'))]);
        expect(events).toHaveLength(1);
      });
    });
  });
}
