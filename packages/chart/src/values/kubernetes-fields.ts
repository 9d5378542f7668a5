import { type TProperties, type TSchema, Type } from 'typebox';

/**
 * Fields of Kubernetes objects that are passed on as they are, as strict as the API server would be: a mistake is refused
 * before anything is installed.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
 */

function closed(properties: TProperties, required: readonly string[] = []): TSchema {
  const optional = Object.entries(properties).map(([name, schema]) => [
    name,
    required.includes(name) ? schema : Type.Optional(schema),
  ]);
  return Type.Object(Object.fromEntries(optional), { additionalProperties: false });
}

const text = () => Type.String({ minLength: 1 });
const texts = () => Type.Array(Type.String());
const oneOf = (...choices: readonly string[]) => Type.Unsafe({ type: 'string', enum: choices });
const labels = () => Type.Unsafe({ type: 'object', additionalProperties: { type: 'string' } });

const LabelSelector = closed({
  matchLabels: labels(),
  matchExpressions: Type.Array(
    closed({ key: text(), operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'), values: texts() }, [
      'key',
      'operator',
    ]),
  ),
});

const NodeRequirements = Type.Array(
  closed(
    {
      key: text(),
      operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'),
      values: texts(),
    },
    ['key', 'operator'],
  ),
);
const NodeSelectorTerm = closed({ matchExpressions: NodeRequirements, matchFields: NodeRequirements });

const PodAffinityTerm = closed(
  {
    labelSelector: LabelSelector,
    namespaceSelector: LabelSelector,
    namespaces: texts(),
    topologyKey: text(),
    matchLabelKeys: texts(),
    mismatchLabelKeys: texts(),
  },
  ['topologyKey'],
);

const weight = () => Type.Integer({ minimum: 1, maximum: 100 });

const PodAffinity = closed({
  requiredDuringSchedulingIgnoredDuringExecution: Type.Array(PodAffinityTerm),
  preferredDuringSchedulingIgnoredDuringExecution: Type.Array(
    closed({ weight: weight(), podAffinityTerm: PodAffinityTerm }, ['weight', 'podAffinityTerm']),
  ),
});

export const AffinityProperties: TProperties = {
  nodeAffinity: Type.Optional(
    closed({
      requiredDuringSchedulingIgnoredDuringExecution: closed(
        { nodeSelectorTerms: Type.Array(NodeSelectorTerm, { minItems: 1 }) },
        ['nodeSelectorTerms'],
      ),
      preferredDuringSchedulingIgnoredDuringExecution: Type.Array(
        closed({ weight: weight(), preference: NodeSelectorTerm }, ['weight', 'preference']),
      ),
    }),
  ),
  podAffinity: Type.Optional(PodAffinity),
  podAntiAffinity: Type.Optional(PodAffinity),
};

export const Toleration = closed({
  key: text(),
  operator: oneOf('Exists', 'Equal'),
  value: Type.String(),
  effect: oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
  tolerationSeconds: Type.Integer(),
});

export const LocalObjectReference = closed({ name: text() }, ['name']);

/** https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/ */
export const NetworkPolicyPeer = closed({
  podSelector: LabelSelector,
  namespaceSelector: LabelSelector,
  ipBlock: closed({ cidr: text(), except: texts() }, ['cidr']),
});

const amounts = () =>
  Type.Unsafe({
    type: 'object',
    additionalProperties: {
      anyOf: [
        { type: 'number', exclusiveMinimum: 0 },
        { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?([EPTGMk]|[EPTGMK]i|m|e[0-9]+)?$' },
      ],
    },
  });

export const ResourceProperties: TProperties = {
  requests: Type.Optional(amounts()),
  limits: Type.Optional(amounts()),
};

export const SELinuxProperties: TProperties = {
  level: Type.Optional(text()),
  role: Type.Optional(text()),
  type: Type.Optional(text()),
  user: Type.Optional(text()),
};
