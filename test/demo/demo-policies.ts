/** The policies of the demo, as a user would write them. */
export const FIRST_POLICY = `apiVersion: checkpoint-warden.dev/v1alpha1
kind: CheckpointRetentionPolicy
metadata: {name: demo}
spec:
  globalPolicy:
    maxCheckpointAge: 30d
    keepLast: 1                      # never a container's last good copy
  namespacePolicies:
    - {namespace: default-*, maxCheckpoints: 20}
  containerPolicies:
    - {namespace: default, pod: web-0, container: app, maxCheckpoints: 4}
  nodePolicy:
    maxIncompleteAge: 1h             # leftovers of failed checkpoints
`;

export const BROKEN_POLICY = FIRST_POLICY.replace('maxCheckpoints: 4', 'maxCheckpoint: 2').replace(
  '30d',
  '30 days',
);

export const TIGHTER_POLICY = FIRST_POLICY.replace('spec:\n', 'spec:\n  applyPoliciesImmediately: true\n')
  .replace('maxCheckpoints: 4', 'maxCheckpoints: 2')
  .replace('maxCheckpoints: 20', 'maxCheckpoints: 1');
