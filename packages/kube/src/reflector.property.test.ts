import { createLogger } from '@checkpoint-warden/kit';
import { manualClock } from '@checkpoint-warden/kit/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KubeError } from './kube-error.ts';
import { createReflector } from './reflector.ts';
import { LEASES, NODES } from './resource.ts';
import type { KubeFault } from './testing/kube-faults.ts';
import { createMemoryApiServer } from './testing/memory-kube-api.ts';

const log = createLogger({ level: 'silent', terminal: false });

type Step =
  | { readonly do: 'put'; readonly name: string; readonly value: string }
  | { readonly do: 'remove'; readonly name: string }
  | { readonly do: 'break'; readonly how: 'clean' | 'error' }
  | { readonly do: 'compact' }
  | { readonly do: 'restore' }
  | { readonly do: 'faults'; readonly faults: readonly KubeFault[] }
  | { readonly do: 'pass'; readonly ms: number };

const failing = (status: number, retryAfterMs?: number): KubeFault => ({
  error: new KubeError({
    verb: 'list',
    resource: 'nodes',
    status,
    reason: '',
    message: 'a fault',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }),
});
const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const fault = fc.constantFrom<KubeFault>(
  'ok',
  'hang',
  failing(0),
  failing(403),
  failing(410),
  failing(429, 20_000),
  failing(500),
  { delayMs: 3_000 },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    arbitrary: fc.record({ do: fc.constant('put' as const), name, value: fc.constantFrom('x', 'y') }),
    weight: 6,
  },
  { arbitrary: fc.record({ do: fc.constant('remove' as const), name }), weight: 4 },
  {
    arbitrary: fc.record({ do: fc.constant('break' as const), how: fc.constantFrom('clean', 'error') }),
    weight: 3,
  },
  { arbitrary: fc.constant({ do: 'compact' as const }), weight: 1 },
  { arbitrary: fc.constant({ do: 'restore' as const }), weight: 1 },
  {
    arbitrary: fc.record({ do: fc.constant('faults' as const), faults: fc.array(fault, { maxLength: 6 }) }),
    weight: 3,
  },
  {
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 90_000 }) }),
    weight: 6,
  },
);

it('shows at all times what was true once, and in the end what is true', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      run,
    ),
    { numRuns: 100 },
  );
});

async function run(steps: readonly Step[], randoms: Iterator<number>): Promise<void> {
  const clock = manualClock();
  const server = createMemoryApiServer({ clock });
  server.put(NODES, { metadata: { name: 'always', labels: { value: 'x' } } });
  let faults: KubeFault[] = [];
  const reflector = createReflector({
    api: server.client(() => faults.shift() ?? 'ok'),
    resource: NODES,
    slim: ({ metadata }) => metadata.labels?.value,
    onChange: (key, next, previous) => {
      expect(next).not.toEqual(previous);
      expect(followed.get(key)).toEqual(previous);
      if (next === undefined) followed.delete(key);
      else followed.set(key, next);
    },
    pageSize: 2,
    clock,
    random: () => Number(randoms.next().value),
    log,
  });
  const followed = new Map<string, string>();
  const asText = (entries: Iterable<readonly [string, string | undefined]>) =>
    JSON.stringify([...entries].sort());
  const truth = () =>
    asText(server.objects(NODES).map(({ metadata }) => [metadata.name, metadata.labels?.value] as const));
  const once = new Set([asText([]), truth()]);
  const abort = new AbortController();
  let bug: unknown;
  const running = reflector.run(abort.signal).catch((error: unknown) => {
    bug = error;
  });
  const backup = server.snapshot();

  const pass = async (ms: number) => {
    for (let leftMs = ms; leftMs >= 0; leftMs -= 5_000) {
      // As in every cluster: a server that never moves would have its silence doubted, and a list mends all.
      server.put(LEASES, { metadata: { namespace: 'kube-system', name: 'heartbeat' } });
      clock.advance(Math.min(5_000, leftMs));
      await new Promise(setImmediate);
      if (bug !== undefined) throw bug;
      expect(once).toContain(asText(reflector.objects));
      expect(reflector.objects.has('always')).toBe(reflector.synced);
      expect(asText(followed)).toBe(asText(reflector.objects));
    }
  };
  const perform = async (next: Step) => {
    switch (next.do) {
      case 'put':
        server.put(NODES, { metadata: { name: next.name, labels: { value: next.value } } });
        break;
      case 'remove':
        server.remove(NODES, { name: next.name });
        break;
      case 'break':
        server.breakWatches(next.how);
        break;
      case 'compact':
        server.compact();
        break;
      case 'restore':
        // A server that has come as far as before by the time of the next look cannot be told from one that never went back.
        faults = [];
        await pass(700_000);
        server.restore(backup);
        once.add(truth());
        await pass(60_000);
        break;
      case 'faults':
        faults = [...next.faults];
        break;
      case 'pass':
        await pass(next.ms);
        break;
    }
    once.add(truth());
  };

  for (const next of steps) await perform(next);
  faults = [];
  // A watch that hangs, the longest delay, and the time of a list.
  await pass(700_000);
  expect(asText(reflector.objects)).toBe(truth());
  expect(reflector.synced).toBe(true);
  expect(reflector.trouble).toBeUndefined();
  abort.abort();
  await running;
}
