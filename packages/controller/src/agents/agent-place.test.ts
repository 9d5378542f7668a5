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
  notRunning: undefined,
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
    ['is about to end', { ...POD, metadata: { ...POD.metadata, deletionTimestamp: '2026-01-01T00:00:01Z' } }],
    ['says nothing', { metadata: { name: 'x' } }],
  ])('leaves out a pod that %s', (_, pod) => {
    expect(slimAgentPod(pod)).toBeUndefined();
  });

  const waiting = [{ state: {} }, { state: { waiting: { reason: 'ContainerCreating' } } }];
  it.each<[string, Pod['status'], string]>([
    ['has no address yet', { phase: 'Running' }, 'Running'],
    ['has ended', { ...POD.status, phase: 'Failed' }, 'Failed'],
    ['says nothing of its state', undefined, 'Pending'],
    ['waits for something', { phase: 'Pending', containerStatuses: waiting }, 'ContainerCreating'],
  ])('keeps that a pod that %s cannot be called, and why', (_, status, notRunning) => {
    const pod = { metadata: POD.metadata, spec: { nodeName: 'node-1' }, ...(status && { status }) };
    expect(slimAgentPod(pod)).toEqual({ ...SLIM, ip: undefined, notRunning });
  });
});

describe('placeAgents', () => {
  const urls = (...args: Parameters<typeof placeAgents>) =>
    Object.fromEntries([...placeAgents(...args).places].map(([node, { url }]) => [node, url]));

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

  it('names the nodes whose agent does not run, and takes a pod that runs before one that does not', () => {
    const young = {
      ...SLIM,
      ip: undefined,
      name: 'agent-b',
      createdAt: '2026-01-01T00:00:05Z',
      notRunning: 'Pending',
    };
    expect([...placeAgents([young], 1, []).idle]).toEqual([['node-1', 'pod agent-b does not run: Pending']]);
    expect(placeAgents([young, SLIM], 1, []).idle.size).toBe(0);
    expect(urls([young, SLIM], 1, [])).toEqual({ 'node-1': 'https://10.0.0.1:1' });
    const fixed = [{ node: 'node-1', url: 'https://a:7', origin: '--agent' }];
    expect(placeAgents([young], 1, fixed).idle.size).toBe(0);
  });
});
