import { manualClock } from '@checkpoint-warden/kit/testing';
import { describe, expect, it } from 'vitest';
import { allSettled } from '../testing/all-settled.ts';
import { makeState, makeView } from '../testing/make-state.ts';
import { createAgentReporter } from './agent-reporter.ts';

const deleted = (count: number) =>
  makeView('node-1', {
    state: makeState({
      deleted: [
        { policy: 'default', reason: 'expired', count, bytes: 0, lastAt: '2026-01-01T00:00:00.000Z' },
      ],
    }),
  });

async function rig() {
  const clock = manualClock();
  const world = { views: [deleted(5)] };
  const notes: string[] = [];
  const reporter = createAgentReporter({
    clock,
    views: () => world.views,
    report: (events) => void notes.push(...events.map(({ note }) => note)),
  });
  const stop = new AbortController();
  const ended = reporter.run(stop.signal);
  await allSettled();
  return {
    world,
    notes,
    stop() {
      stop.abort();
      return ended;
    },
    async pass(ms: number) {
      for (let passed = 0; passed < ms; passed += 2_000) {
        clock.advance(2_000);
        await allSettled();
      }
    },
  };
}

describe('the agent reporter', () => {
  it('begins to count with the first state, and tells what comes then soon', async () => {
    const { notes, pass, stop, world } = await rig();
    await pass(10_000);
    expect(notes).toEqual([]);
    world.views = [deleted(7)];
    await pass(2_000);
    expect(notes).toEqual([expect.stringContaining('deleted 2 archives')]);
    await stop();
  });

  it('takes together what a busy node does in five minutes, and loses none of it', async () => {
    const { notes, pass, stop, world } = await rig();
    for (let count = 6; count <= 205; count++) {
      world.views = [deleted(count)];
      await pass(2_000);
    }
    await pass(300_000);
    const counts = notes.map((note) => Number(/deleted (\d+)/.exec(note)?.[1]));
    expect(counts.length).toBeLessThanOrEqual(4);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(200);
    await stop();
  });

  it('does not let one sort of thing wait for another', async () => {
    const { notes, pass, stop, world } = await rig();
    world.views = [deleted(6)];
    await pass(2_000);
    const [view] = world.views;
    const unreachable = [
      { limit: 'maxCheckpoints' as const, rule: 'default/globalPolicy', mode: 'Enforce' as const, excess: 1 },
    ];
    if (view?.state === undefined) throw new Error('no state');
    world.views = [{ ...view, state: { ...view.state, unreachable: { count: 1, limits: unreachable } } }];
    await pass(2_000);
    expect(notes).toEqual([
      expect.stringContaining('deleted 1 archive'),
      expect.stringContaining('stand against'),
    ]);
    await stop();
  });

  it('keeps what it has told of an agent that does not answer for a while', async () => {
    const { notes, pass, stop, world } = await rig();
    world.views = [makeView('node-1', { state: undefined })];
    await pass(4_000);
    world.views = [deleted(6)];
    await pass(2_000);
    expect(notes).toEqual([expect.stringContaining('deleted 1 archive')]);
    await stop();
  });
});
