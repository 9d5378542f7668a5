import { API_VERSION, type CheckpointRetentionPolicy, KIND } from '@checkpoint-warden/api';
import type { PolicyResource } from '@checkpoint-warden/controller/testing';
import type { Owner } from '@checkpoint-warden/policy';

/** What plays in the simulation: names, pods and policies that its steps choose from. */

export const NAMESPACE = 'checkpoint-warden';
export const LEASE = { namespace: NAMESPACE, name: 'checkpoint-warden-controller' };
export const AGENT_LABELS = { 'app.kubernetes.io/component': 'agent' };
export const AGENT_SELECTOR = 'app.kubernetes.io/component=agent';
export const AGENT_PORT = 9464;
export const NODE_NAMES = ['node-1', 'node-2', 'node-3'] as const;
export const POOLS = ['gpu', 'cpu'] as const;

/** Pods with the containers that they begin with and one that may come later. Two share all that a file's name tells. */
export const POD_TEMPLATES = [
  { namespace: 'shop', name: 'web-0', containers: ['app'], later: 'debug' },
  { namespace: 'shop', name: 'web-1', containers: ['app', 'proxy'], later: 'debug' },
  { namespace: 'team', name: 'web', containers: ['a-app'], later: 'app' },
  { namespace: 'team-a', name: 'web', containers: ['app'], later: 'debug' },
  { namespace: 'dev', name: 'job', containers: ['main'], later: 'debug' },
] as const;
export type PodTemplate = (typeof POD_TEMPLATES)[number];

export function ownersOf({ namespace, name, containers, later }: PodTemplate): Owner[] {
  return [...containers, later].map((container) => ({ namespace, pod: name, container }));
}

type Spec = CheckpointRetentionPolicy['spec'];

export const POLICY_NAMES = ['default', 'extra', 'third'] as const;

const VALID: readonly Spec[] = [
  { orphanGracePeriod: '0s', globalPolicy: { retainOrphan: false } },
  { orphanGracePeriod: '10s', globalPolicy: { retainOrphan: false } },
  { orphanGracePeriod: '10s', globalPolicy: { retainOrphan: false, maxCheckpointsPerContainer: 2 } },
  { globalPolicy: { retainOrphan: false } },
  { orphanGracePeriod: '10s', namespacePolicies: [{ namespace: 'team', retainOrphan: false }] },
  { orphanGracePeriod: '0s', podPolicies: [{ namespace: 'shop', pod: 'web-*', retainOrphan: false }] },
  { orphanGracePeriod: '10s', nodeSelector: { pool: 'gpu' }, globalPolicy: { retainOrphan: false } },
  { nodeSelector: { pool: 'cpu' }, globalPolicy: { maxCheckpointsPerContainer: 1 } },
  { mode: 'Audit', orphanGracePeriod: '0s', globalPolicy: { retainOrphan: false } },
  { globalPolicy: { maxCheckpointsPerContainer: 1 } },
  { applyPoliciesImmediately: true, globalPolicy: { maxCheckpointsPerPod: 2, keepLast: 1 } },
  {
    applyPoliciesImmediately: true,
    globalPolicy: { maxCheckpointsPerNamespace: 3, maxCheckpointsPerContainer: 2 },
  },
  {
    applyPoliciesImmediately: true,
    namespacePolicies: [{ namespace: 'team*', maxTotalSize: '4Mi', keepLast: 1 }],
  },
  { globalPolicy: { maxCheckpointsPerNamespace: 3, maxCheckpointsPerContainer: 2 } },
  { globalPolicy: { maxTotalSizePerNamespace: '6Mi', maxCheckpointsPerPod: 3 } },
  { globalPolicy: { maxCheckpointAge: '2m', keepLast: 1 } },
  {
    podPolicies: [{ namespace: 'shop', pod: 'web-*', maxCheckpoints: 2 }],
    globalPolicy: { maxCheckpointsPerNamespace: 4 },
  },
  { globalPolicy: { maxCheckpointAge: '1m' }, nodePolicy: { maxIncompleteAge: '2m' } },
];
/** As a schema less strict than ours lets them through. */
const INVALID = [
  { globalPolicy: { maxCheckpointsPerContainer: -1 } },
  { orphanGracePeriod: 'soon', globalPolicy: { retainOrphan: false } },
  { globalPolicy: { retainOrphan: false, maxCheckpoint: 1 } },
] as unknown as readonly Spec[];

export const SPECS = { valid: VALID, invalid: INVALID } as const;
/** The first ones are about orphans in Enforce mode. */
export const ORPHAN_SPECS = 7;

export function policyObject(name: string, spec: Spec): PolicyResource {
  return { apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec };
}
