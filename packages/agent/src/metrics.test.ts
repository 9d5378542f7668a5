import { readFileSync } from 'node:fs';
import { Registry } from '@checkpoint-warden/kit';
import { describe, expect, it } from 'vitest';
import { inventoryTotals } from './inventory/inventory-totals.ts';
import { createMetrics } from './metrics.ts';

const ARCHIVE = {
  name: 'a',
  node: 'n',
  sizeBytes: 7,
  mtimeMs: 0,
  createdAtMs: 5_000,
  state: 'complete',
  owner: { namespace: 'shop', pod: 'web-0', container: 'app' },
  pinned: false,
} as const;

function metrics(registry = new Registry()) {
  return { registry, metrics: createMetrics(registry, () => inventoryTotals([ARCHIVE])) };
}

describe('createMetrics', () => {
  it('tells the inventory with the first scrape', async () => {
    const text = await metrics().registry.metrics();
    expect(text).toContain('checkpoint_warden_archives{state="complete"} 1');
    expect(text).toContain('checkpoint_warden_archive_bytes{state="complete"} 7');
    expect(text).toContain('checkpoint_warden_oldest_archive_timestamp_seconds 5');
  });

  it('has no label that could hold a path, pod, container or time', async () => {
    const { registry } = metrics();
    const labels = (await registry.getMetricsAsJSON()).flatMap(({ values }) =>
      values.flatMap((value) => Object.keys(value.labels)),
    );
    expect([...new Set(labels)].sort()).toEqual(['le', 'limit', 'mode', 'reason', 'result', 'state']);
  });

  it('keeps one series for the policy in force, whatever it was before', async () => {
    const { registry, metrics: agent } = metrics();
    agent.policy('file', 1, 'aaaa', 0);
    agent.policy('controller', 7, 'bbbb', 0);
    const text = await registry.metrics();
    expect(text.match(/^checkpoint_warden_policy_revision_info\{.*$/gm)).toEqual([
      'checkpoint_warden_policy_revision_info{source="controller",hash="bbbb"} 7',
    ]);
  });

  it('stays under sixty series with what an agent has beside it', async () => {
    const { registry, metrics: agent } = metrics();
    agent.policy('file', 1, 'aaaa', 0);
    agent.deletion('over-count', 'Enforce', 'failed');
    agent.deletion('over-count', 'Audit', 'would-delete');
    const series = (await registry.metrics())
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    const ofTheProcess = 7; // build info, certificate expiry and five of the process
    expect(series.length + ofTheProcess).toBeLessThanOrEqual(60);
  });

  it('is documented, name by name and in both directions', async () => {
    const { registry } = metrics();
    const names = (await registry.getMetricsAsJSON()).map(({ name }) => name);
    const reference = readFileSync(new URL('../../../docs/reference/metrics.md', import.meta.url), 'utf8');
    const [, ofAgent = ''] = /^## The agent$(.*?)^## /ms.exec(reference) ?? [];
    const documented = [...ofAgent.matchAll(/^\| `(checkpoint_warden_\w+)/gm)].map(([, name]) => name);
    expect(documented.sort()).toEqual(names.sort());
  });
});
