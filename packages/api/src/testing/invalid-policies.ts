import { API_VERSION, KIND } from '../policy-object.ts';

/** A policy object with one mistake, and what this program says about it. */
export interface InvalidPolicy {
  readonly mistake: string;
  readonly object: unknown;
  /** `path: message`, and after a line break the remedy, of every problem. */
  readonly problems: readonly string[];
  /** Of what the API server says by the CRD, the part that tells what to write. */
  readonly apiServerSays?: string;
  /** Instead: the API server lets it through, or refuses it by other means than the CRD. */
  readonly notByCrd?: true;
}

const policy = (spec: unknown, name: unknown = 'default') => ({
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name },
  spec,
});
const globally = (limits: object) => policy({ globalPolicy: limits });
const onPods = (...podPolicies: unknown[]) => policy({ podPolicies });
const onNode = (nodePolicy: object) => policy({ nodePolicy });
const pod = { namespace: 'shop', pod: 'web-0' };
const container = { ...pod, container: 'app' };
const limits =
  'maxCheckpoints, maxCheckpointSize, maxTotalSize, maxCheckpointAge, keepLast, or retainOrphan: false; 0 says that a limit is off';
const sizes = 'write a size such as 500Mi or 1.5Gi, or 0 for no limit';
const durations = 'write a duration such as 90s, 15m, 72h, 7d or 1h30m';
const namesForm = 'a name or pattern of lower-case letters, digits, "-", "." and "*"';

/**
 * Mistakes that must never become a policy. `validate-object.test.ts` holds this program to them, and
 * `test/cluster/crd.test.ts` a real API server with the CRD, apart from those marked `notByCrd`.
 */
export const INVALID_POLICIES: readonly InvalidPolicy[] = [
  // Sizes
  {
    mistake: 'a size without a unit',
    object: globally({ maxCheckpointSize: '10' }),
    problems: ['spec.globalPolicy.maxCheckpointSize: "10" is less than 1Mi\ndid you mean 10Mi?'],
    apiServerSays: 'did you mean 10Mi?',
  },
  {
    mistake: 'a size with a unit that is too small',
    object: onPods({ ...pod, maxTotalSize: '10k' }),
    problems: [
      'spec.podPolicies[0].maxTotalSize: "10k" is less than 1Mi\nwrite at least 1Mi, or 0 for no limit',
    ],
    apiServerSays: 'write at least 1Mi, or 0 for no limit',
  },
  {
    mistake: 'a size just under the least',
    object: onPods({ ...pod, maxTotalSize: '1048575.9' }),
    problems: ['spec.podPolicies[0].maxTotalSize: "1048575.9" is less than 1Mi\ndid you mean 1048575.9Mi?'],
    apiServerSays: 'did you mean 1048575.9Mi?',
  },
  {
    mistake: 'a size with B at the end',
    object: onPods({ ...pod, maxTotalSize: '10GB' }),
    problems: ['spec.podPolicies[0].maxTotalSize: "10GB" is not a size\nwrite 10G (10^9) or 10Gi (2^30)'],
    apiServerSays: sizes,
  },
  {
    mistake: 'a size with iB at the end',
    object: onPods({ ...pod, maxTotalSize: '10GiB' }),
    problems: ['spec.podPolicies[0].maxTotalSize: "10GiB" is not a size\nwrite 10Gi'],
    apiServerSays: sizes,
  },
  {
    mistake: 'a size with a space',
    object: onPods({ ...pod, maxTotalSize: '1.5 Gi' }),
    problems: ['spec.podPolicies[0].maxTotalSize: "1.5 Gi" is not a size\nwrite 1.5Gi'],
    apiServerSays: sizes,
  },
  {
    mistake: 'a size with a lower-case unit',
    object: onPods({ ...pod, maxTotalSize: '10gi' }),
    problems: ['spec.podPolicies[0].maxTotalSize: "10gi" is not a size\nwrite 10Gi'],
    apiServerSays: sizes,
  },
  {
    mistake: 'thousandths of bytes',
    object: onPods({ ...pod, maxTotalSize: '5000000000m' }),
    problems: [
      'spec.podPolicies[0].maxTotalSize: "5000000000m" is not a size\nwrite 5000000000M (10^6) or 5000000000Mi (2^20)',
    ],
    apiServerSays: sizes,
  },
  {
    mistake: 'an empty size',
    object: onPods({ ...pod, maxTotalSize: '' }),
    problems: [`spec.podPolicies[0].maxTotalSize: "" is not a size\n${sizes}`],
    apiServerSays: sizes,
  },
  {
    mistake: 'a size that is a word',
    object: onPods({ ...pod, maxTotalSize: 'unlimited' }),
    problems: [`spec.podPolicies[0].maxTotalSize: "unlimited" is not a size\n${sizes}`],
    apiServerSays: sizes,
  },
  {
    mistake: 'a size with an exponent that would fill the memory',
    object: onPods({ ...pod, maxTotalSize: '1e999999999' }),
    problems: [`spec.podPolicies[0].maxTotalSize: "1e999999999" is not a size\n${sizes}`],
    apiServerSays: sizes,
  },
  {
    mistake: 'a size that is too long',
    object: onPods({ ...pod, maxTotalSize: `1${'0'.repeat(40)}` }),
    problems: [`spec.podPolicies[0].maxTotalSize: "1${'0'.repeat(31)}…" is not a size\n${sizes}`],
    apiServerSays: 'may not be more than 32 bytes',
  },
  {
    mistake: 'a negative size as a string',
    object: onPods({ ...pod, maxTotalSize: '-1Gi' }),
    problems: [
      'spec.podPolicies[0].maxTotalSize: "-1Gi" is not a size\nwrite a size above 0, or 0 to switch the limit off',
    ],
    apiServerSays: sizes,
  },
  {
    mistake: 'a negative size as a number',
    object: onPods({ ...pod, maxTotalSize: -1 }),
    problems: ['spec.podPolicies[0].maxTotalSize: -1 is negative\nwrite 0 to switch the limit off'],
    apiServerSays: 'should be greater than or equal to 0',
  },
  {
    mistake: 'a fraction of MiB as a number',
    object: onPods({ ...pod, maxTotalSize: 10.5 }),
    problems: ['spec.podPolicies[0].maxTotalSize: 10.5 is not a whole number of MiB\nwrite "10.5Mi"'],
    apiServerSays: 'must be of type integer,string',
  },
  {
    mistake: 'a size that is neither a number nor a string',
    object: onPods({ ...pod, maxTotalSize: ['10Gi'] }),
    problems: ['spec.podPolicies[0].maxTotalSize: ["10Gi"] is not a whole number or a string'],
    apiServerSays: 'must be of type integer,string',
  },
  {
    mistake: 'free space that is all of the filesystem',
    object: onNode({ minFreeSpace: '100%' }),
    problems: [
      'spec.nodePolicy.minFreeSpace: "100%" is not a percentage below 100\nwrite a percentage such as 10%, or a size such as 20Gi',
    ],
    apiServerSays: 'write 10% or 20Gi, or 0 for no limit',
  },
  {
    mistake: 'free space without a unit',
    object: onNode({ minFreeSpace: '10' }),
    problems: ['spec.nodePolicy.minFreeSpace: "10" is less than 1Mi\ndid you mean 10Mi?'],
    apiServerSays: 'did you mean 10Mi?',
  },
  {
    mistake: 'free space as a word',
    object: onNode({ minFreeSpace: 'ten percent' }),
    problems: [`spec.nodePolicy.minFreeSpace: "ten percent" is not a size\n${sizes}`],
    apiServerSays: 'write 10% or 20Gi, or 0 for no limit',
  },
  // Durations
  {
    mistake: 'a month',
    object: globally({ maxCheckpointAge: '1M' }),
    problems: [
      'spec.globalPolicy.maxCheckpointAge: "1M" is not a duration\nwrite 1m for minutes; write months as days, e.g. 30d',
    ],
    apiServerSays: durations,
  },
  {
    mistake: 'a fraction in a duration',
    object: globally({ maxCheckpointAge: '1.5h' }),
    problems: ['spec.globalPolicy.maxCheckpointAge: "1.5h" is not a duration\nwrite 1h30m'],
    apiServerSays: durations,
  },
  {
    mistake: 'a duration with a space',
    object: globally({ maxCheckpointAge: '7 d' }),
    problems: ['spec.globalPolicy.maxCheckpointAge: "7 d" is not a duration\nwrite 7d'],
    apiServerSays: durations,
  },
  {
    mistake: 'a duration without a unit',
    object: globally({ maxCheckpointAge: '10' }),
    problems: [
      'spec.globalPolicy.maxCheckpointAge: "10" is not a duration\nadd a unit: 10s, 10m, 10h or 10d',
    ],
    apiServerSays: durations,
  },
  {
    mistake: 'a duration as a number',
    object: policy({ orphanGracePeriod: 60, globalPolicy: { keepLast: 1 } }),
    problems: ['spec.orphanGracePeriod: 60 is not a duration\nwrite "60s" for seconds'],
    apiServerSays: 'must be of type string',
  },
  {
    mistake: 'a negative duration',
    object: onNode({ maxIncompleteAge: '-1h' }),
    problems: [
      'spec.nodePolicy.maxIncompleteAge: "-1h" is not a duration\nwrite a duration that is not negative',
    ],
    apiServerSays: durations,
  },
  {
    mistake: 'an empty duration',
    object: globally({ maxCheckpointAge: '' }),
    problems: [`spec.globalPolicy.maxCheckpointAge: "" is not a duration\n${durations}`],
    apiServerSays: durations,
  },
  {
    mistake: 'units of a duration in the wrong order',
    object: globally({ maxCheckpointAge: '30m1h' }),
    problems: ['spec.globalPolicy.maxCheckpointAge: "30m1h" is not a duration\nwrite 1h30m'],
    apiServerSays: durations,
  },
  {
    mistake: 'a duration of thousands of years',
    object: globally({ maxCheckpointAge: '9999999d' }),
    problems: [
      'spec.globalPolicy.maxCheckpointAge: "9999999d" is not a duration\nwrite at most 99999d, or leave the limit out',
    ],
    apiServerSays: durations,
  },
  // Counts
  {
    mistake: 'a negative count',
    object: onPods({ ...pod, maxCheckpoints: -1 }),
    problems: ['spec.podPolicies[0].maxCheckpoints: -1 is less than 0\nwrite 0 or more'],
    apiServerSays: 'should be greater than or equal to 0',
  },
  {
    mistake: 'a negative keepLast',
    object: globally({ keepLast: -1 }),
    problems: ['spec.globalPolicy.keepLast: -1 is less than 0\nwrite 0 or more'],
    apiServerSays: 'should be greater than or equal to 0',
  },
  {
    mistake: 'a count in quotes',
    object: onPods({ ...pod, maxCheckpoints: '5' }),
    problems: ['spec.podPolicies[0].maxCheckpoints: "5" is not a whole number\nwrite it without quotes: 5'],
    apiServerSays: 'must be of type integer',
  },
  {
    mistake: 'a fraction of archives',
    object: onPods({ ...pod, maxCheckpoints: 2.5 }),
    problems: ['spec.podPolicies[0].maxCheckpoints: 2.5 is not a whole number\nwrite it without a fraction'],
    apiServerSays: 'must be of type integer',
  },
  {
    mistake: 'a count beyond 32 bits',
    object: onPods({ ...pod, maxCheckpoints: 2 ** 31 }),
    problems: [
      'spec.podPolicies[0].maxCheckpoints: 2147483648 is more than 2147483647\nwrite 2147483647 or less',
    ],
    apiServerSays: 'should be less than or equal to 2147483647',
  },
  {
    mistake: 'keepLast above the count limit of the container',
    object: policy({ containerPolicies: [{ ...container, maxCheckpoints: 2, keepLast: 3 }] }),
    problems: [
      'spec.containerPolicies[0]: keepLast 3 is above maxCheckpoints 2\nlower keepLast or raise maxCheckpoints',
    ],
    apiServerSays: 'lower keepLast or raise maxCheckpoints',
  },
  {
    mistake: 'keepLast above the global count limit of a container',
    object: globally({ maxCheckpointsPerContainer: 2, keepLast: 3 }),
    problems: [
      'spec.globalPolicy: keepLast 3 is above maxCheckpointsPerContainer 2\nlower keepLast or raise maxCheckpointsPerContainer',
    ],
    apiServerSays: 'lower keepLast or raise maxCheckpointsPerContainer',
  },
  // Names
  {
    mistake: 'an empty namespace',
    object: policy({ namespacePolicies: [{ namespace: '', maxCheckpoints: 1 }] }),
    problems: ['spec.namespacePolicies[0].namespace: is empty\nwrite a value such as shop'],
    apiServerSays: 'write a value such as shop',
  },
  {
    mistake: 'an empty pod',
    object: onPods({ namespace: 'shop', pod: '', maxCheckpoints: 1 }),
    problems: ['spec.podPolicies[0].pod: is empty\nwrite a value such as web-*'],
    apiServerSays: 'write a value such as web-*',
  },
  {
    mistake: 'no pod',
    object: onPods({ namespace: 'shop', maxCheckpoints: 1 }),
    problems: ['spec.podPolicies[0].pod: pod is missing\nadd pod: web-*'],
    apiServerSays: 'spec.podPolicies[0].pod: Required value',
  },
  {
    mistake: 'no namespace',
    object: policy({ namespacePolicies: [{ maxCheckpoints: 1 }] }),
    problems: ['spec.namespacePolicies[0].namespace: namespace is missing\nadd namespace: shop'],
    apiServerSays: 'spec.namespacePolicies[0].namespace: Required value',
  },
  {
    mistake: 'a name that Kubernetes does not allow',
    object: onPods({ namespace: 'shop', pod: 'Web_0', maxCheckpoints: 1 }),
    problems: [`spec.podPolicies[0].pod: "Web_0" is not ${namesForm}\nwrite a value such as web-*`],
    apiServerSays: `${namesForm}: write a value such as web-*`,
  },
  {
    mistake: 'a regular expression as a pattern',
    object: onPods({ namespace: 'shop', pod: 'web-[0-9]+', maxCheckpoints: 1 }),
    problems: [`spec.podPolicies[0].pod: "web-[0-9]+" is not ${namesForm}\nwrite a value such as web-*`],
    apiServerSays: `${namesForm}: write a value such as web-*`,
  },
  {
    mistake: 'a namespace that is too long',
    object: policy({ namespacePolicies: [{ namespace: 'a'.repeat(64), maxCheckpoints: 1 }] }),
    problems: [
      `spec.namespacePolicies[0].namespace: "${'a'.repeat(64)}" is too long\nwrite at most 63 characters`,
    ],
    apiServerSays: 'may not be more than 63 bytes',
  },
  {
    mistake: 'a name that YAML reads as a number',
    object: policy({ namespacePolicies: [{ namespace: 123, maxCheckpoints: 1 }] }),
    problems: ['spec.namespacePolicies[0].namespace: 123 is not a string\nwrite it in quotes: "123"'],
    apiServerSays: 'must be of type string',
  },
  // Entries
  {
    mistake: 'an entry without any limit',
    object: onPods(pod),
    problems: [`spec.podPolicies[0]: sets no limit\nadd one of ${limits}`],
    apiServerSays: `add one of ${limits}`,
  },
  {
    mistake: 'an entry that only says what is the default',
    object: onPods({ ...pod, retainOrphan: true, scope: 'Node' }),
    problems: [`spec.podPolicies[0]: sets no limit\nadd one of ${limits}`],
    apiServerSays: `add one of ${limits}`,
  },
  {
    mistake: 'an empty globalPolicy',
    object: globally({}),
    problems: [
      'spec.globalPolicy: sets no limit\nadd one of maxCheckpointsPerNamespace, maxCheckpointsPerPod, maxCheckpointsPerContainer, maxCheckpointSize, maxTotalSizePerNamespace, maxTotalSizePerPod, maxTotalSizePerContainer, maxCheckpointAge, keepLast, or retainOrphan: false; 0 says that a limit is off',
    ],
    apiServerSays: 'add one of maxCheckpointsPerNamespace, maxCheckpointsPerPod, ',
  },
  {
    mistake: 'an empty nodePolicy',
    object: onNode({}),
    problems: ['spec.nodePolicy: sets no limit\nadd one of maxTotalSize, minFreeSpace, maxIncompleteAge'],
    apiServerSays: 'add one of maxTotalSize, minFreeSpace, maxIncompleteAge',
  },
  {
    mistake: 'a spec without any rule',
    object: policy({ mode: 'Audit', podPolicies: [] }),
    problems: [
      'spec: holds no rule\nadd one of globalPolicy, nodePolicy, namespacePolicies, podPolicies, containerPolicies',
    ],
    apiServerSays: 'add one of globalPolicy, nodePolicy, namespacePolicies, podPolicies, containerPolicies',
  },
  {
    mistake: 'the same scope twice',
    object: onPods({ ...pod, maxCheckpoints: 1 }, { ...pod, maxCheckpoints: 2 }),
    problems: ['spec.podPolicies: entries 0 and 1 are both for shop/web-0\nmerge them into one entry'],
    apiServerSays: 'spec.podPolicies[1]: Duplicate value: {"namespace":"shop","pod":"web-0"}',
  },
  {
    mistake: 'more entries than a list may have',
    object: onPods(
      ...Array.from({ length: 201 }, (_, i) => ({ ...pod, pod: `web-${i}`, maxCheckpoints: 1 })),
    ),
    problems: ['spec.podPolicies: has too many entries\nwrite at most 200'],
    apiServerSays: 'must have at most 200 items',
  },
  {
    mistake: 'an entry where a list belongs',
    object: policy({ podPolicies: { ...pod, maxCheckpoints: 1 } }),
    problems: ['spec.podPolicies: {"namespace":"shop","pod":"web-0","maxCheckpoints":1} is not a list'],
    apiServerSays: 'unknown field "spec.podPolicies.maxCheckpoints"',
  },
  // Fields
  {
    mistake: 'a misspelt field',
    object: onPods({ ...pod, keepLast: 1, maxCheckpoint: 3 }),
    problems: [
      'spec.podPolicies[0].maxCheckpoint: unknown field "maxCheckpoint"\ndid you mean maxCheckpoints?',
    ],
    apiServerSays: 'unknown field "spec.podPolicies[0].maxCheckpoint"',
  },
  {
    mistake: 'a field of an entry in globalPolicy',
    object: globally({ maxCheckpoints: 3, keepLast: 1 }),
    problems: [
      'spec.globalPolicy.maxCheckpoints: unknown field "maxCheckpoints"\ndid you mean maxCheckpointsPerNamespace or maxCheckpointsPerPod or maxCheckpointsPerContainer?',
    ],
    apiServerSays: 'unknown field "spec.globalPolicy.maxCheckpoints"',
  },
  {
    mistake: 'an unknown field that is like no other',
    object: policy({ globalPolicy: { keepLast: 1 }, schedule: '@daily' }),
    problems: [
      'spec.schedule: unknown field "schedule"\nknown here: mode, applyPoliciesImmediately, orphanGracePeriod, nodeSelector, globalPolicy, namespacePolicies, podPolicies, containerPolicies, nodePolicy',
    ],
    apiServerSays: 'unknown field "spec.schedule"',
  },
  {
    mistake: 'a mode in lower case',
    object: policy({ mode: 'audit', globalPolicy: { keepLast: 1 } }),
    problems: ['spec.mode: "audit" is not one of Enforce, Audit\ndid you mean Audit?'],
    apiServerSays: 'supported values: "Enforce", "Audit"',
  },
  {
    mistake: 'a mode that does not exist',
    object: policy({ mode: 'DryRun', globalPolicy: { keepLast: 1 } }),
    problems: ['spec.mode: "DryRun" is not one of Enforce, Audit\nwrite Enforce or Audit'],
    apiServerSays: 'supported values: "Enforce", "Audit"',
  },
  {
    mistake: 'a scope that does not exist',
    object: globally({ keepLast: 1, scope: 'Pod' }),
    problems: ['spec.globalPolicy.scope: "Pod" is not one of Cluster, Node\nwrite Cluster or Node'],
    apiServerSays: 'supported values: "Cluster", "Node"',
  },
  {
    mistake: 'a yes that is not true',
    object: globally({ keepLast: 1, retainOrphan: 'no' }),
    problems: [
      'spec.globalPolicy.retainOrphan: "no" is not true or false\nwrite true or false, without quotes',
    ],
    apiServerSays: 'must be of type boolean',
  },
  {
    mistake: 'a label that is not a string',
    object: policy({ globalPolicy: { keepLast: 1 }, nodeSelector: { 'example.org/gpu': true } }),
    problems: ['spec.nodeSelector["example.org/gpu"]: true is not a string\nwrite it in quotes: "true"'],
    apiServerSays: 'must be of type string',
  },
  {
    mistake: 'no spec',
    object: { apiVersion: API_VERSION, kind: KIND, metadata: { name: 'default' } },
    problems: ['spec: spec is missing\nadd spec'],
    apiServerSays: 'spec: Required value',
  },
  {
    mistake: 'several mistakes at once',
    object: policy({ mode: 'enforce', podPolicies: [{ namespace: 'shop', pod: '', maxTotalSize: '10' }] }),
    problems: [
      'spec.mode: "enforce" is not one of Enforce, Audit\ndid you mean Enforce?',
      'spec.podPolicies[0].pod: is empty\nwrite a value such as web-*',
      'spec.podPolicies[0].maxTotalSize: "10" is less than 1Mi\ndid you mean 10Mi?',
    ],
    apiServerSays: 'supported values: "Enforce", "Audit"',
  },
  // What the API server sees to by itself, or never sees
  {
    mistake: 'a field left without a value, which the API server drops',
    object: onPods({ ...pod, keepLast: 1, maxCheckpoints: null }),
    problems: [
      'spec.podPolicies[0].maxCheckpoints: null is not a whole number\nwrite a value, or leave the field out',
    ],
    notByCrd: true,
  },
  {
    mistake: 'another version',
    object: { ...globally({ keepLast: 1 }), apiVersion: 'checkpoint-warden.dev/v1' },
    problems: [
      'apiVersion: "checkpoint-warden.dev/v1" is not checkpoint-warden.dev/v1alpha1\nwrite checkpoint-warden.dev/v1alpha1',
    ],
    notByCrd: true,
  },
  {
    mistake: 'another kind',
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'default' }, data: {} },
    problems: [
      'kind: this is a ConfigMap, not a CheckpointRetentionPolicy\nwrite only objects of kind CheckpointRetentionPolicy here',
    ],
    notByCrd: true,
  },
  {
    mistake: 'no name',
    object: { ...globally({ keepLast: 1 }), metadata: {} },
    problems: ['metadata.name: name is missing\nadd name: default'],
    notByCrd: true,
  },
  {
    mistake: 'a name of an object that Kubernetes does not allow',
    object: policy({ globalPolicy: { keepLast: 1 } }, 'My_Policy'),
    problems: [
      'metadata.name: "My_Policy" is not a name: lower-case letters, digits, "-" and ".", with a letter or digit at each end (a DNS subdomain)\nwrite a value such as default',
    ],
    notByCrd: true,
  },
  {
    mistake: 'a list instead of an object',
    object: [],
    problems: [': [] is not an object'],
    notByCrd: true,
  },
];
