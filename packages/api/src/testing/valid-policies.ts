import { API_VERSION, type CheckpointRetentionPolicy, KIND } from '../policy-object.ts';

const policy = (
  spec: CheckpointRetentionPolicy['spec'],
  metadata: object = {},
): CheckpointRetentionPolicy => ({
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name: 'default', ...metadata },
  spec,
});

/** Policies that must be accepted, here and by an API server. */
export const VALID_POLICIES: Readonly<Record<string, CheckpointRetentionPolicy>> = {
  'one limit for all': policy({ globalPolicy: { maxCheckpointsPerContainer: 10 } }),
  'only orphans go': policy({ globalPolicy: { retainOrphan: false } }),
  'every limit off, said so': policy({
    globalPolicy: {
      maxCheckpointsPerPod: 0,
      maxCheckpointSize: 0,
      maxTotalSizePerPod: '0',
      maxCheckpointAge: '0s',
    },
  }),
  'sizes of every form': policy({
    namespacePolicies: [
      10,
      '1Mi',
      '1.5Gi',
      '.5Gi',
      '5.Gi',
      '+1Gi',
      '200G',
      '1E',
      '2e9',
      '1.5E+9',
      '1e99',
      '9999Ei',
    ].map((maxTotalSize, index) => ({ namespace: `team-${index}`, maxTotalSize })),
  }),
  'durations of every form': policy({
    namespacePolicies: ['0', '0s', '90s', '15m', '72h', '7d', '2w', '1h30m', '1w1d1h1m1s', '99999d'].map(
      (maxCheckpointAge, index) => ({ namespace: `team-${index}`, maxCheckpointAge }),
    ),
  }),
  'patterns at every level': policy({
    namespacePolicies: [{ namespace: '*', keepLast: 1 }],
    podPolicies: [{ namespace: 'dev-*', pod: '*-canary', maxCheckpoints: 3 }],
    containerPolicies: [
      { namespace: 'dev-*', pod: 'web.v2-*', container: 'app', maxCheckpoints: 3, keepLast: 3 },
    ],
  }),
  'only a node’s share of disk': policy({
    nodePolicy: { maxTotalSize: '200Gi', minFreeSpace: '10%', maxIncompleteAge: '0s' },
  }),
  'free space in bytes': policy({ nodePolicy: { minFreeSpace: '20Gi' } }),
  'free space in parts of a percent': policy({ nodePolicy: { minFreeSpace: '2.5%' } }),
  'keepLast where the limit is off': policy({ globalPolicy: { maxCheckpointsPerContainer: 0, keepLast: 5 } }),
  'every field there is': policy({
    mode: 'Audit',
    applyPoliciesImmediately: true,
    orphanGracePeriod: '0s',
    nodeSelector: { pool: 'gpu', 'kubernetes.io/arch': 'amd64' },
    globalPolicy: {
      retainOrphan: true,
      scope: 'Cluster',
      maxCheckpointsPerNamespace: 50,
      maxCheckpointsPerPod: 30,
      maxCheckpointsPerContainer: 10,
      maxCheckpointSize: '10Gi',
      maxTotalSizePerNamespace: '1Ti',
      maxTotalSizePerPod: '500Gi',
      maxTotalSizePerContainer: '100Gi',
      maxCheckpointAge: '30d',
      keepLast: 1,
    },
    namespacePolicies: [
      {
        namespace: 'dev-*',
        retainOrphan: false,
        maxCheckpoints: 20,
        maxTotalSize: '50Gi',
        maxCheckpointAge: '7d',
      },
    ],
    podPolicies: [
      { namespace: 'shop', pod: 'web-*', maxCheckpoints: 6, maxCheckpointSize: '2Gi', scope: 'Node' },
    ],
    containerPolicies: [
      { namespace: 'shop', pod: 'web-0', container: 'app', maxCheckpoints: 2, keepLast: 2 },
    ],
    nodePolicy: { maxTotalSize: 204_800, minFreeSpace: '10%', maxIncompleteAge: '24h' },
  }),
  'what kubectl adds to metadata': policy(
    { globalPolicy: { keepLast: 1 } },
    {
      uid: '3f0b8a52-9f6a-4f61-8d53-5d0f4ad0c9b3',
      creationTimestamp: '2026-11-23T13:11:16Z',
      generation: 2,
      labels: { 'app.kubernetes.io/name': 'x' },
      managedFields: [{ manager: 'kubectl' }],
    },
  ),
};
