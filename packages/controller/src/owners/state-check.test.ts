import { manualClock } from '@checkpoint-warden/kit/testing';
import { KubeError, PODS } from '@checkpoint-warden/kube';
import { createMemoryApiServer } from '@checkpoint-warden/kube/testing';
import { describe, expect, it } from 'vitest';
import { allSettled } from '../testing/all-settled.ts';
import { createSeenVersion } from './seen-version.ts';
import { createStateCheck } from './state-check.ts';

function rig() {
  const clock = manualClock();
  const server = createMemoryApiServer({ clock });
  let delayMs = 0;
  let refused: KubeError | undefined;
  const calls: number[] = [];
  const seen = createSeenVersion();
  const facts: string[] = [];
  const check = createStateCheck({
    api: server.client(() => {
      calls.push(clock.monotonicMs());
      if (refused !== undefined) return { error: refused };
      return delayMs === 0 ? 'ok' : { delayMs };
    }),
    seen,
    watched: () => undefined,
    onWentBack: (what) => facts.push(what),
    signal: new AbortController().signal,
  });
  const pod = (name: string) => server.put(PODS, { metadata: { namespace: 'shop', name } });
  return {
    clock,
    server,
    calls,
    seen,
    facts,
    check,
    pod,
    refuse(message: string) {
      refused = new KubeError({ verb: 'list', resource: 'pods', status: 403, reason: 'Forbidden', message });
    },
    slow(ms: number) {
      delayMs = ms;
    },
  };
}

describe('the check of the API server’s state', () => {
  it('finds nothing against a state that goes on', async () => {
    const { check, facts, pod } = rig();
    pod('a');
    expect(await check()).toBeUndefined();
    pod('b');
    expect(await check()).toBeUndefined();
    expect(facts).toEqual([]);
  });

  it('finds a restore from a backup once, and counts from there', async () => {
    const { check, facts, pod, server } = rig();
    pod('a');
    const backup = server.snapshot();
    for (const name of ['b', 'c', 'd']) pod(name);
    await check();
    server.restore(backup);
    expect(await check()).toMatch(/^the resourceVersion of pods went back from \d+ to \d+$/);
    expect(await check()).toBeUndefined();
    expect(facts).toHaveLength(1);
  });

  it('looks anew for who asks while it looks, and once for all of them', async () => {
    const { calls, check, clock, slow } = rig();
    slow(100);
    const first = check();
    await allSettled();
    clock.advance(50);
    const others = [check(), check(), check()];
    await allSettled();
    for (let step = 0; step < 4; step++) {
      clock.advance(50);
      await allSettled();
    }
    await Promise.all([first, ...others]);
    expect(calls).toEqual([0, 100]);
  });

  it('does not say that all is well when it is not answered', async () => {
    const { check, refuse } = rig();
    refuse('list pods: 403 Forbidden');
    expect(await check()).toMatch(/403/);
  });
});
