import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Registry, registerBuildInfo, registerProcessMetrics } from './metrics.ts';

const DEADLINE = { timeout: 20_000 };

let registry: Registry;
let stop: () => void;
beforeEach(() => {
  registry = new Registry();
  stop = registerProcessMetrics(registry);
});
afterEach(() => stop());

async function readValue(name: string): Promise<number> {
  const [sample] = (await registry.getSingleMetric(name)?.get())?.values ?? [];
  return sample?.value ?? Number.NaN;
}

describe('registerProcessMetrics', () => {
  it('has five series', async () => {
    const samples = (await registry.metrics()).split('\n').filter((line) => /^\w/.test(line));
    expect(samples).toHaveLength(5);
  });

  it('counts CPU time once, however often it is asked', async () => {
    await readValue('process_cpu_seconds_total');
    const cpu = await readValue('process_cpu_seconds_total');
    const { user, system } = process.cpuUsage();
    expect(cpu).toBeGreaterThan(0);
    expect(cpu).toBeLessThanOrEqual((user + system) / 1e6);
  });

  it('shows how long the event loop was held up, until it is asked', async () => {
    await readValue('nodejs_eventloop_lag_max_seconds'); // what has held it up so far does not count
    const end = performance.now() + 400;
    while (performance.now() < end);
    const lag = await vi.waitUntil(() => readValue('nodejs_eventloop_lag_max_seconds'), DEADLINE);
    // A probe was due at most 0.1 s after the loop was blocked.
    expect(lag).toBeGreaterThanOrEqual(0.3);
    expect(await readValue('nodejs_eventloop_lag_max_seconds')).toBeLessThan(lag);
  });
});

describe('registerBuildInfo', () => {
  it('is 1 with the version as a label', async () => {
    registerBuildInfo(registry, '1.2.3');
    expect(await registry.metrics()).toContain('checkpoint_warden_build_info{version="1.2.3"');
  });
});
