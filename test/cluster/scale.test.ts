import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { measureScale } from '../scale/measure-scale.ts';
import { type ScaleRig, startScaleRig } from '../scale/scale-rig.ts';

const CLI = join(import.meta.dirname, '../../packages/cli');

let rig: ScaleRig;
beforeAll(async () => {
  execFileSync(process.execPath, [join(CLI, 'build.mjs')]);
  rig = await startScaleRig({
    size: { agents: 50, pods: 500 },
    rounds: 3,
    assets: inject('apiServer').assets,
    program: join(CLI, 'dist/checkpoint-warden.mjs'),
    nodeFlags: [],
    pollInterval: '2s',
    tell: () => {},
  });
});
afterAll(() => rig?.close());

it('brings an edit, a deletion and a restart to fifty agents, also with some of them dead', async () => {
  const effort = {
    edits: 1,
    steadyMs: 1_000,
    laterMs: 3_000,
    arrivals: 3,
    surplus: 2,
    quietMs: 1_000,
    takeOver: false,
  };
  const results = await measureScale(rig, effort);
  const figures = results.flatMap((result) => result.figures);
  for (const { name, value } of figures) expect(value.median, name).toBeGreaterThanOrEqual(0);
  for (const { ratio } of figures) if (ratio !== undefined) expect(ratio.median).toBeGreaterThan(0);
  const { requests, open } = await rig.agents.ask('traffic');
  expect(open).toBeGreaterThanOrEqual(40); // of those that were not dead in the end
  expect(Object.keys(requests).filter((kind) => !/ (200|304)$/.test(kind))).toEqual([]);
});
