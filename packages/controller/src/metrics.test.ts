import { readFileSync } from 'node:fs';
import { AppError } from '@checkpoint-warden/errors';
import { Registry } from '@checkpoint-warden/kit';
import { describe, expect, it } from 'vitest';
import { AGENT_STATES } from './agents/agent-view.ts';
import { createControllerMetrics } from './metrics.ts';

function rig() {
  const registry = new Registry();
  let nowMs = 0;
  const metrics = createControllerMetrics(registry, { monotonicMs: () => nowMs });
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { registry, metrics, pass };
}

describe('the metrics of the controller', () => {
  it.each<[string, unknown, string]>([
    ['accepted', undefined, 'accepted'],
    ['an old revision', new AppError('CW_ERR_STALE_REVISION', ''), 'stale'],
    ['old facts', new AppError('CW_ERR_STALE_FACTS', ''), 'stale'],
    ['no answer', new AppError('CW_ERR_UNREACHABLE', ''), 'unreachable'],
    ['nonsense', new AppError('CW_ERR_AGENT_ANSWER', ''), 'refused'],
  ])('count a message that ends with %s, and pass its end on', async (_, error, result) => {
    const { metrics, pass, registry } = rig();
    const sent = metrics.push('policy', async () => {
      pass(30);
      if (error !== undefined) throw error;
      return 'done';
    });
    if (error === undefined) expect(await sent).toBe('done');
    else await expect(sent).rejects.toBe(error);
    const text = await registry.metrics();
    expect(text).toContain(`checkpoint_warden_pushes_total{kind="policy",result="${result}"} 1`);
    expect(text).toContain('checkpoint_warden_push_duration_seconds_sum{kind="policy"} 0.03');
  });

  it('tell every kind of message from the start', async () => {
    const text = await rig().registry.metrics();
    for (const kind of ['policy', 'owners', 'remote-archives'])
      expect(text).toContain(`checkpoint_warden_pushes_total{kind="${kind}",result="accepted"} 0`);
  });

  it('tell every state of agents, and only namespaces that are there now', async () => {
    const { metrics, registry } = rig();
    metrics.agents({ new: 0, reachable: 3, unreachable: 1, incompatible: 0, misplaced: 0, 'stand-alone': 0 });
    metrics.namespaces([{ namespace: 'old', archives: 1, bytes: 2 }]);
    metrics.namespaces([{ namespace: 'shop', archives: 3, bytes: 4 }]);
    const text = await registry.metrics();
    for (const state of AGENT_STATES) expect(text).toContain(`checkpoint_warden_agents{state="${state}"}`);
    expect(text).toContain('checkpoint_warden_namespace_archive_bytes{archive_namespace="shop"} 4');
    expect(text).not.toContain('"old"');
  });

  it('forget what a leader knows when it leads no more', async () => {
    const { metrics, registry } = rig();
    metrics.leader(true);
    metrics.agents({ new: 0, reachable: 3, unreachable: 1, incompatible: 0, misplaced: 0, 'stand-alone': 0 });
    const none = { True: 0, False: 0, Unknown: 0 };
    metrics.policies({ Accepted: { ...none, False: 1 }, Enforced: none, Degraded: none });
    metrics.namespaces([{ namespace: 'shop', archives: 3, bytes: 4 }]);
    metrics.orphansHeld(true);
    metrics.sharedGroups(5);
    const leading = await registry.metrics();
    expect(leading).toContain('checkpoint_warden_agents{state="unreachable"} 1');
    expect(leading).toContain('checkpoint_warden_policies{condition="Accepted",status="False"} 1');
    expect(leading).toContain('checkpoint_warden_orphans_held 1');
    expect(leading).toContain('checkpoint_warden_shared_groups 5');
    metrics.leader(false);
    const deposed = await registry.metrics();
    expect(deposed).not.toMatch(/^checkpoint_warden_(agents|policies|namespace_\w+)\{/m);
    expect(deposed).toContain('checkpoint_warden_orphans_held 0');
    expect(deposed).toContain('checkpoint_warden_shared_groups 0');
  });

  it('are documented, name by name and in both directions', async () => {
    const { registry } = rig();
    const names = (await registry.getMetricsAsJSON()).map(({ name }) => name);
    const reference = readFileSync(new URL('../../../docs/reference/metrics.md', import.meta.url), 'utf8');
    const [, ofController = ''] = /^## The controller$(.*?)^## /ms.exec(reference) ?? [];
    const documented = [...ofController.matchAll(/^\| `(checkpoint_warden_\w+)/gm)].map(([, name]) => name);
    expect(documented.sort()).toEqual(names.sort());
  });
});
