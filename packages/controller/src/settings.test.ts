import { loadSettings } from '@checkpoint-warden/kit/settings';
import { describe, expect, it } from 'vitest';
import { jittered } from './backoff.ts';
import { SILENT_MS } from './groups/holder.ts';
import { ControllerSettings } from './settings.ts';

const load = (flags: Record<string, unknown>, env: Record<string, string> = {}) =>
  loadSettings(ControllerSettings, { env, flags });

describe('the settings of the controller', () => {
  it('need nothing to be given', () => {
    expect(load({})).toEqual({
      namespace: 'checkpoint-warden',
      leaseName: 'checkpoint-warden-controller',
      agentSelector: 'app.kubernetes.io/name=checkpoint-warden,app.kubernetes.io/component=agent',
      agentPort: 9464,
      metricsListen: { host: '', port: 9466 },
      pollIntervalMs: 12_000,
      logLevel: 'info',
    });
  });

  it('take agents from flags and from the environment', () => {
    expect(load({ agent: ['a=https://a:1', 'b=https://b:2'] }).agent).toEqual([
      'a=https://a:1',
      'b=https://b:2',
    ]);
    expect(load({}, { CHECKPOINT_WARDEN_AGENT: 'a=https://a:1' }).agent).toEqual(['a=https://a:1']);
  });

  it('take no interval in which an agent could fall silent between two polls', () => {
    const { pollIntervalMs } = load({ pollInterval: '30s' });
    expect(jittered(pollIntervalMs, () => 1)).toBeLessThan(SILENT_MS);
    expect(() => load({ pollInterval: '31s' })).toThrow('31s is too large');
  });

  it.each([{ agentPort: '0' }, { agentPort: '65536' }, { pollInterval: '100ms' }])('refuse %o', (flags) => {
    expect(() => load(flags)).toThrow(expect.objectContaining({ code: 'CW_ERR_USAGE' }));
  });
});
