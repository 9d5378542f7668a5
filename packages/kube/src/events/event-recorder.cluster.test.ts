import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createLogger, systemClock } from '@checkpoint-warden/kit';
import { expect, it, vi } from 'vitest';
import type { KubeEvent, ObjectReference } from '../objects.ts';
import { EVENTS } from '../resource.ts';
import { openClusterApi } from '../testing/cluster-api.ts';
import { createEventRecorder } from './event-recorder.ts';

const kubectl = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)('kubectl', args)).stdout;

it('writes Events and series that the API server takes and kubectl shows', async () => {
  const { api, namespace } = await openClusterApi();
  const { signal } = new AbortController();
  const stop = new AbortController();
  const lines: string[] = [];
  const recorder = createEventRecorder({
    api,
    clock: systemClock,
    random: Math.random,
    log: createLogger({
      level: 'info',
      terminal: false,
      destination: { write: (line) => void lines.push(line) },
    }),
    reportingController: 'checkpoint-warden.dev/controller',
    reportingInstance: 'controller-0',
  });
  const ended = recorder.run(stop.signal);
  const uid = await kubectl('get', 'namespace', namespace, '-o', 'jsonpath={.metadata.uid}');
  const clusterScoped: ObjectReference = { apiVersion: 'v1', kind: 'Namespace', name: namespace, uid };
  const namespaced: ObjectReference = { apiVersion: 'v1', kind: 'Pod', name: 'web-0', namespace, uid: 'u1' };

  /** The Event about an object, once it has been seen so often. */
  async function eventAbout(regarding: ObjectReference, count: number): Promise<KubeEvent> {
    const where = {
      namespace: regarding.namespace ?? 'default',
      fieldSelector: `regarding.name=${regarding.name}`,
    };
    return vi.waitUntil(
      async () => {
        const { items } = await api.list(EVENTS, { ...where, limit: 10 }, signal);
        expect(items.length).toBeLessThanOrEqual(1);
        return items.find(({ series }) => (series?.count ?? 1) === count);
      },
      { timeout: 60_000, interval: 50 },
    );
  }

  const event = {
    type: 'Warning',
    reason: 'LimitUnreachable',
    action: 'Enforce',
    note: 'ä'.repeat(600),
  } as const;
  recorder.record({ ...event, regarding: clusterScoped, related: namespaced });
  await eventAbout(clusterScoped, 1);
  for (let times = 0; times < 3; times += 1) {
    recorder.record({ ...event, regarding: clusterScoped, related: namespaced });
  }
  await eventAbout(clusterScoped, 4);
  // Two at once: the first write has a series already.
  for (let times = 0; times < 2; times += 1)
    recorder.record({ ...event, note: 'often', regarding: namespaced });
  await eventAbout(namespaced, 2);

  expect(await kubectl('events', '-n', namespace)).toMatch(
    /\(x2 over .*Warning +LimitUnreachable +Pod\/web-0 +often/,
  );
  expect(await kubectl('describe', 'namespace', namespace)).toContain('Name:');
  stop.abort();
  await ended;
  expect(lines).toEqual([]);
});
