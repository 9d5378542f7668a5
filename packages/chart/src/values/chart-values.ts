import { Type } from 'typebox';
import { AgentValues } from './agent-values.ts';
import { ControllerValues } from './controller-values.ts';
import { LocalObjectReference, NetworkPolicyPeer } from './kubernetes-fields.ts';
import { MonitoringValues } from './monitoring-values.ts';
import { TlsValues } from './tls-values.ts';
import { Value } from './value.ts';

/**
 * The values of the chart: the one source of values.yaml, values.schema.json and the table in its README. Every value has a
 * default and is used by a template.
 */
export const ChartValues = Type.Object(
  {
    nameOverride: Value.name({
      description: 'Value of the label `app.kubernetes.io/name`; the chart’s name unless given.',
      default: '',
    }),
    fullnameOverride: Value.name({
      description: 'What the names of all objects begin with; made of the release’s name unless given.',
      default: '',
      maxLength: 50,
    }),
    commonLabels: Value.map({ description: 'Labels for all objects and pods.', default: {} }),
    image: Value.section('The image, the same for agent and controller.', {
      repository: Value.text({
        description: 'Registry and name.',
        default: 'ghcr.io/checkpoint-warden/checkpoint-warden',
        pattern: '^[a-z0-9]([a-z0-9._:/-]*[a-z0-9])?$',
      }),
      tag: Value.text({
        description: 'Tag; the chart’s `appVersion` unless given.',
        default: '',
        pattern: '^$|^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$',
      }),
      digest: Value.text({
        description: 'Digest, such as `sha256:…`. It goes before the tag.',
        default: '',
        pattern: '^$|^sha256:[0-9a-f]{64}$',
      }),
      pullPolicy: Value.choice(['IfNotPresent', 'Always', 'Never'], {
        description: 'When to pull it.',
        default: 'IfNotPresent',
      }),
    }),
    imagePullSecrets: Value.list(LocalObjectReference, {
      description: 'Secrets to pull it with, such as `- name: registry`.',
      default: [],
    }),
    agent: AgentValues,
    controller: ControllerValues,
    tls: TlsValues,
    crds: Value.section('The CustomResourceDefinition of CheckpointRetentionPolicy.', {
      enabled: Value.flag({
        description: 'Whether the release installs and upgrades it.',
        default: true,
      }),
      keep: Value.flag({
        description:
          'Whether it stays when the release is uninstalled. Without it all policies would go as well.',
        default: true,
      }),
      annotations: Value.map({ description: 'Annotations for it.', default: {} }),
    }),
    rbac: Value.section('Roles.', {
      create: Value.flag({
        description: 'Whether to give the controller the rights that it needs. Without it you have to.',
        default: true,
      }),
      userRoles: Value.flag({
        description:
          'Whether to make roles for people: policies may be read by whoever has the cluster role `view`, and written by whoever has `admin`.',
        default: true,
      }),
    }),
    networkPolicy: Value.section('NetworkPolicies, where the cluster’s network enforces them.', {
      enabled: Value.flag({
        description:
          'Whether to make them: only the controller reaches the agents’ API, and agents reach nobody.',
        default: true,
      }),
      metricsFrom: Value.list(NetworkPolicyPeer, {
        description:
          'Who may read metrics, as peers of a NetworkPolicy. Empty: everybody; there are no names in them.',
        default: [],
      }),
    }),
    monitoring: MonitoringValues,
    priorityClass: Value.section(
      'PriorityClass of agents and controllers, so that they are not the first to go when a node is short of something. `system-node-critical` is refused in most namespaces of some clusters, so it is not the default; give it as `agent.priorityClassName` where you can.',
      {
        create: Value.flag({ description: 'Whether to make one.', default: true }),
        name: Value.dottedName({
          description: 'Its name; made of the release’s name unless given.',
          default: '',
        }),
        value: Value.integer({
          description: 'Its value. Kubernetes does not let it be changed: give another name as well.',
          default: 1_000_000,
          minimum: -2_147_483_648,
          maximum: 1_000_000_000,
        }),
      },
    ),
  },
  { additionalProperties: false },
);
