import type { PolicyStatus } from '@checkpoint-warden/api';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { KubeError } from '@checkpoint-warden/kube';
import { afterEach, describe, expect, it } from 'vitest';
import { allSettled } from '../testing/all-settled.ts';
import { logLines } from '../testing/log-lines.ts';
import { createStatusWriter, type WantedStatus } from './status-writer.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

function statusOf(
  bytes: number,
  enforced: 'True' | 'False' = 'True',
  time = '2026-01-01T00:00:00Z',
): PolicyStatus {
  return {
    observedGeneration: 1,
    conditions: [{ type: 'Enforced', status: enforced, reason: 'R', message: 'M', lastTransitionTime: time }],
    archives: { count: 1, bytes, pinned: 0, incomplete: 0, unattributed: 0, orphaned: 0 },
  };
}

async function rig(first: readonly WantedStatus[]) {
  const clock = manualClock();
  const { log, lines } = logLines();
  const writes: string[] = [];
  const world = {
    wanted: first,
    fail: (_: string): KubeError | undefined => undefined,
    last: undefined as unknown,
  };
  const writer = createStatusWriter({
    clock,
    log,
    wanted: () => world.wanted,
    api: {
      async applyStatus(_resource, object) {
        const error = world.fail(object.metadata.name);
        writes.push(
          `${clock.monotonicMs() / 1000} ${object.metadata.name}${error === undefined ? '' : ' fails'}`,
        );
        if (error !== undefined) throw error;
        world.last = (object as { status?: unknown }).status;
        return object;
      },
    },
  });
  const stop = new AbortController();
  const ended = writer.run(stop.signal);
  stops.push(() => {
    stop.abort();
    return ended;
  });
  await allSettled();
  return {
    world,
    writes,
    lines,
    async pass(seconds: number) {
      for (let second = 0; second < seconds; second++) {
        clock.advance(1_000);
        await allSettled();
      }
    },
  };
}

const want = (status: PolicyStatus, before?: PolicyStatus, name = 'default'): WantedStatus => ({
  name,
  uid: `uid-of-${name}`,
  status,
  before,
});

describe('the status writer', () => {
  it('writes what is new, once', async () => {
    const { world, writes, pass } = await rig([want(statusOf(1))]);
    await pass(20);
    world.wanted = [want(statusOf(1), statusOf(1))];
    await pass(120);
    expect(writes).toEqual(['0 default']);
  });

  it('leaves conditions alone that somebody else has added', async () => {
    const status = statusOf(1);
    const [ours] = status.conditions ?? [];
    const theirs = { type: 'Reviewed', status: 'True', reason: 'R', message: 'M' } as const;
    const before = {
      ...status,
      conditions: [{ ...theirs, lastTransitionTime: '2026-01-01T00:00:00Z' }, ...(ours ? [ours] : [])],
    };
    const { writes, pass } = await rig([want(status, before)]);
    await pass(200);
    expect(writes).toEqual([]);
  });

  it('writes again what somebody else, or a restore of etcd, has undone', async () => {
    const { world, writes, pass } = await rig([want(statusOf(1))]);
    world.wanted = [want(statusOf(1), statusOf(1))];
    await pass(30);
    world.wanted = [want(statusOf(1), statusOf(7))];
    await pass(1);
    expect(writes).toEqual(['0 default', '31 default']);
  });

  it('writes again what does not come back', async () => {
    const { writes, pass } = await rig([want(statusOf(1))]);
    await pass(59);
    expect(writes).toEqual(['0 default']);
    await pass(1);
    expect(writes).toEqual(['0 default', '60 default']);
  });

  it('writes nothing that the API server has already, in whichever order its fields come', async () => {
    const { archives, conditions, observedGeneration } = statusOf(1);
    const { writes, pass } = await rig([
      want(statusOf(1), { archives, conditions, observedGeneration } as PolicyStatus),
    ]);
    await pass(60);
    expect(writes).toEqual([]);
  });

  it('writes a condition at the next look, figures every five seconds at most', async () => {
    const { world, writes, pass } = await rig([want(statusOf(1))]);
    world.wanted = [want(statusOf(2))];
    await pass(4);
    expect(writes).toEqual(['0 default']);
    await pass(1);
    world.wanted = [want(statusOf(3, 'False'))];
    await pass(1);
    expect(writes).toEqual(['0 default', '5 default', '6 default']);
  });

  it('keeps the times of conditions that it has written, though they have not come back to it yet', async () => {
    const { world, writes, pass } = await rig([want(statusOf(1, 'True', '2026-01-01T00:00:01Z'))]);
    world.wanted = [want(statusOf(1, 'True', '2026-01-01T00:00:09Z'))];
    await pass(20);
    expect(writes).toEqual(['0 default']);
    world.wanted = [want(statusOf(2, 'True', '2026-01-01T00:00:30Z'))];
    await pass(1);
    expect(world.last).toEqual(statusOf(2, 'True', '2026-01-01T00:00:01Z'));
  });

  it('logs an error once for each policy, and tries again in its time', async () => {
    const refused = (name: string) =>
      new KubeError({ verb: 'patch', resource: 'x/status', status: 403, reason: 'Forbidden', message: name });
    const both = [
      want(statusOf(1), undefined, 'a'),
      want(statusOf(1), undefined, 'b'),
      want(statusOf(1), undefined, 'c'),
    ];
    const { world, lines, writes, pass } = await rig([]);
    world.fail = (name) => (name === 'c' ? undefined : refused(name));
    world.wanted = both;
    await pass(40);
    expect(lines).toEqual(['warn status cannot be written', 'warn status cannot be written']);
    expect(writes).toEqual([
      '1 a fails',
      '1 b fails',
      '1 c',
      ...[11, 21, 31].flatMap((at) => [`${at} a fails`, `${at} b fails`]),
    ]);
    world.fail = () => undefined;
    await pass(10);
    expect(writes.slice(-2)).toEqual(['41 a', '41 b']);
  });

  it('writes anew to an object that was made anew', async () => {
    const { world, writes, pass } = await rig([want(statusOf(1))]);
    world.wanted = [{ ...want(statusOf(1)), uid: 'another' }];
    await pass(1);
    expect(writes).toEqual(['0 default', '1 default']);
  });
});
