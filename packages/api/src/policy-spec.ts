import Type, { type Static, type TProperties, type TSchema } from 'typebox';
import { distinctScopes, keepLastWithin, someLimit, someOf } from './entry-rules.ts';
import { age, choice, count, flag, freeSpace, namePattern, period, size } from './policy-fields.ts';
import { celValidations, refined, type SchemaRule } from './schema-rule.ts';

/** Most entries in one list of a policy; keeps the API server's cost of checking a policy bounded. */
const MAX_ENTRIES = 200;

function closed<P extends TProperties>(properties: P, description: string, rules: readonly SchemaRule[]) {
  const schema = Type.Object(properties, {
    additionalProperties: false,
    description,
    ...celValidations(rules),
  });
  return refined(schema, rules);
}

/** A list whose entries are told apart by `keys`, which the API server enforces. */
function scopes<T extends TSchema>(entry: T, keys: readonly string[], description: string) {
  const schema = Type.Array(entry, {
    description,
    maxItems: MAX_ENTRIES,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
  });
  return refined(schema, [{ check: distinctScopes(keys) }]);
}

const retainOrphan = Type.Optional(
  flag(
    'Whether archives stay when their pod or container no longer exists. false: they are deleted once it has been confirmed gone for orphanGracePeriod.',
    true,
  ),
);
const scope = Type.Optional(
  choice(
    'Over which archives the count and total size limits and keepLast hold: Cluster, those of a group on all nodes together; Node, those on each node by itself.',
    'Cluster',
    'Node',
  ),
);
const maxCheckpointSize = Type.Optional(size('Largest size of one archive; larger ones are deleted.'));
const maxCheckpointAge = Type.Optional(age('Age at which an archive is deleted.'));
const keepLast = Type.Optional(
  count('For each container, the newest N complete archives are deleted for no limit, only as orphans.', '0'),
);

const perGroup = (group: string) => ({
  count: Type.Optional(count(`Most archives of each ${group}; the oldest beyond it are deleted.`)),
  total: Type.Optional(
    size(`Most bytes of all archives of each ${group} together; the oldest beyond it are deleted.`),
  ),
});

const ofNamespace = perGroup('namespace');
const ofPod = perGroup('pod');
const ofContainer = perGroup('container');

const globalLimits = {
  maxCheckpointsPerNamespace: ofNamespace.count,
  maxCheckpointsPerPod: ofPod.count,
  maxCheckpointsPerContainer: ofContainer.count,
  maxCheckpointSize,
  maxTotalSizePerNamespace: ofNamespace.total,
  maxTotalSizePerPod: ofPod.total,
  maxTotalSizePerContainer: ofContainer.total,
  maxCheckpointAge,
  keepLast,
};

const GlobalPolicySchema = closed(
  { retainOrphan, scope, ...globalLimits },
  'Limits for all archives that no more specific entry governs.',
  [someLimit(Object.keys(globalLimits)), keepLastWithin('maxCheckpointsPerContainer')],
);

/** The fields of an entry whose group is one namespace, pod or container, and its rules. */
function entryOf<P extends TProperties>(
  names: P,
  group: ReturnType<typeof perGroup>,
  description: string,
  rules: readonly SchemaRule[] = [],
) {
  const limits = {
    maxCheckpoints: group.count,
    maxCheckpointSize,
    maxTotalSize: group.total,
    maxCheckpointAge,
    keepLast,
  };
  return closed({ ...names, retainOrphan, scope, ...limits }, description, [
    someLimit(Object.keys(limits)),
    ...rules,
  ]);
}

const namespace = namePattern('namespace', 63, 'shop');
const pod = namePattern('pod', 253, 'web-*');
const container = namePattern('container', 63, 'app');

const NamespacePolicySchema = entryOf({ namespace }, ofNamespace, 'Limits for each namespace that matches.');
const PodPolicySchema = entryOf({ namespace, pod }, ofPod, 'Limits for each pod that matches.');
const ContainerPolicySchema = entryOf(
  { namespace, pod, container },
  ofContainer,
  'Limits for each container that matches.',
  [keepLastWithin('maxCheckpoints')],
);

const nodeLimits = {
  maxTotalSize: Type.Optional(
    size('Most bytes of everything in the checkpoint directory of a node together.'),
  ),
  minFreeSpace: Type.Optional(
    freeSpace(
      'Free space to keep on the filesystem of the checkpoint directory: a percentage such as 10%, or a size.',
    ),
  ),
  maxIncompleteAge: Type.Optional(
    age('Age, by modification time, at which truncated leftovers of failed checkpoints are deleted.', '24h'),
  ),
};

const NodePolicySchema = closed(
  nodeLimits,
  "Each node's share of disk, over everything in its checkpoint directory.",
  [someOf(Object.keys(nodeLimits), [], 'sets no limit')],
);

const rules = {
  globalPolicy: Type.Optional(GlobalPolicySchema),
  namespacePolicies: Type.Optional(
    scopes(
      NamespacePolicySchema,
      ['namespace'],
      'Limits for namespaces by name or pattern. An entry replaces globalPolicy for the archives it governs.',
    ),
  ),
  podPolicies: Type.Optional(
    scopes(
      PodPolicySchema,
      ['namespace', 'pod'],
      'Limits for pods by name or pattern. An entry replaces every broader one for the archives it governs.',
    ),
  ),
  containerPolicies: Type.Optional(
    scopes(
      ContainerPolicySchema,
      ['namespace', 'pod', 'container'],
      'Limits for containers by name or pattern. An entry replaces every broader one for the archives it governs.',
    ),
  ),
  nodePolicy: Type.Optional(NodePolicySchema),
};

/** `spec` of a CheckpointRetentionPolicy. */
export const PolicySpecSchema = closed(
  {
    mode: Type.Optional(
      choice(
        'Enforce deletes what the policy calls for; Audit decides and reports it, and deletes nothing.',
        'Enforce',
        'Audit',
      ),
    ),
    applyPoliciesImmediately: Type.Optional(
      flag(
        'Whether a changed count or size limit acts at once on all archives. false: it acts on a group when the next archive arrives in it.',
        false,
      ),
    ),
    orphanGracePeriod: Type.Optional(
      period(
        'How long a pod or container must be confirmed gone before retainOrphan: false deletes its archives.',
        '1m',
      ),
    ),
    nodeSelector: Type.Optional(
      Type.Record(Type.String(), Type.String({ maxLength: 63 }), {
        description: 'The policy applies only on nodes that have all of these labels. Unset: on all nodes.',
        'x-reference': { type: 'labels', default: 'all nodes' },
        maxProperties: 32,
      }),
    ),
    ...rules,
  },
  'What the policy asks for.',
  [
    someOf(
      ['globalPolicy', 'nodePolicy'],
      ['namespacePolicies', 'podPolicies', 'containerPolicies'],
      'holds no rule',
    ),
  ],
);

export type PolicySpec = Static<typeof PolicySpecSchema>;
export type GlobalPolicy = Static<typeof GlobalPolicySchema>;
export type NamespacePolicy = Static<typeof NamespacePolicySchema>;
export type PodPolicy = Static<typeof PodPolicySchema>;
export type ContainerPolicy = Static<typeof ContainerPolicySchema>;
export type NodePolicy = Static<typeof NodePolicySchema>;
