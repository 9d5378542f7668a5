import type { Pod } from '@checkpoint-warden/kube';
import { describe, expect, it } from 'vitest';
import { placeAgents, slimAgentPod } from './agent-place.ts';

const POD: Pod = {
  metadata: { name: 'agent-a', namespace: 'cw', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { nodeName: 'node-1' },
  status: { phase: 'Running', podIP: '10.0.0.1' },
};
const SLIM = {
  node: 'node-1',
  ip: '10.0.0.1',
  name: 'agent-a',
  createdAt: '2026-01-01T00:00:00Z',
  isReady: false,
};

describe('slimAgentPod', () => {
  it('keeps where a running agent is', () => {
    expect(slimAgentPod(POD)).toEqual(SLIM);
  });

  it.each(['True', 'False'])('tells whether it is ready: %s', (status) => {
    const conditions = [
      { type: 'PodScheduled', status: 'True' },
      { type: 'Ready', status },
    ];
    expect(slimAgentPod({ ...POD, status: { ...POD.status, conditions } })?.isReady).toBe(status === 'True');
  });

  it.each<[string, Pod]>([
    ['has no node yet', { ...POD, spec: {} }],
    ['has no address yet', { ...POD, status: { phase: 'Running' } }],
    ['does not run', { ...POD, status: { ...POD.status, phase: 'Failed' } }],
    ['is about to end', { ...POD, metadata: { ...POD.metadata, deletionTimestamp: '2026-01-01T00:00:01Z' } }],
    ['says nothing', { metadata: { name: 'x' } }],
  ])('leaves out a pod that %s', (_, pod) => {
    expect(slimAgentPod(pod)).toBeUndefined();
  });
});

describe('placeAgents', () => {
  const urls = (...args: Parameters<typeof placeAgents>) =>
    Object.fromEntries([...placeAgents(...args)].map(([node, { url }]) => [node, url]));

  it('makes a URL of an address of either kind', () => {
    const six = { ...SLIM, node: 'node-2', ip: 'fd00::1' };
    expect(urls([SLIM, undefined, six], 9464, [])).toEqual({
      'node-1': 'https://10.0.0.1:9464',
      'node-2': 'https://[fd00::1]:9464',
    });
  });

  it('takes the younger of two pods on a node, in whichever order they come', () => {
    const younger = { ...SLIM, ip: '10.0.0.2', name: 'agent-b', createdAt: '2026-01-01T00:00:05Z' };
    expect(urls([SLIM, younger], 1, [])).toEqual({ 'node-1': 'https://10.0.0.2:1' });
    expect(urls([younger, SLIM], 1, [])).toEqual({ 'node-1': 'https://10.0.0.2:1' });
  });

  it('takes a given agent before a pod', () => {
    expect(urls([SLIM], 1, [{ node: 'node-1', url: 'https://a:7', origin: '--agent' }])).toEqual({
      'node-1': 'https://a:7',
    });
  });
});
