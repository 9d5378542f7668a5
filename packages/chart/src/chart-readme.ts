import { ChartValues } from './values/chart-values.ts';
import { isSection, type ValueSchema } from './values-yaml.ts';

const INTRODUCTION = `<!-- Made by \`npm run generate\` from packages/chart: change it there. -->
# checkpoint-warden

Keeps the checkpoint archives of containers within a retention policy, on every node of a cluster. An agent on each node looks after \`/var/lib/kubelet/checkpoints\`; a controller brings it the policy and reports what happens.

**Installing it deletes nothing.** Only a CheckpointRetentionPolicy does, and the chart makes none.

\`\`\`sh
kubectl create namespace checkpoint-warden
kubectl label namespace checkpoint-warden pod-security.kubernetes.io/enforce=privileged
helm install checkpoint-warden charts/checkpoint-warden --namespace checkpoint-warden
helm test checkpoint-warden --namespace checkpoint-warden
\`\`\`

The label is for the agents’ hostPath volumes, which every other level of PodSecurity forbids; the pods have no other privilege. Kubernetes 1.30 or later. Install it once in a cluster.

- [Install, upgrade, uninstall](../../docs/how-to/install.md): TLS modes, GitOps, OpenShift, what stays behind
- [Write a policy](../../docs/how-to/write-a-policy.md) and [every field of it](../../docs/reference/policy.md)
- [Monitor with Prometheus and Grafana](../../docs/how-to/monitor.md), [alerts](../../docs/reference/alerts.md)
- [Security model](../../docs/explanation/security.md)

## What is installed

| object | what for |
|---|---|
| DaemonSet | the agents; root without any capability, no token of a service account, a root filesystem that cannot be written |
| Deployment | the controllers, of which one leads; not root |
| CustomResourceDefinition | CheckpointRetentionPolicy; stays when the release goes |
| ClusterRole, Role and their bindings | for the controller, just the verbs that it uses |
| ClusterRoles \`…-policy-viewer\`, \`…-policy-editor\` | for people, through the cluster roles \`view\` and \`admin\` |
| NetworkPolicies | only controllers reach the agents’ API |
| Services | metrics of agents and controllers |
| PodDisruptionBudget, PriorityClass, ServiceAccounts | |
| Issuers and Certificates | with \`tls.mode: certManager\` only |
| PodMonitor, ServiceMonitor, PrometheusRule, ConfigMap with a dashboard | with \`monitoring\` only |

In \`selfManaged\` TLS the controller itself makes the Secrets \`checkpoint-warden-ca\`, \`checkpoint-warden-controller-tls\` and \`checkpoint-warden-agent-tls\`, and in every mode a Lease. These stay when the release is uninstalled.

## Values

A value that is not here, or has the wrong form, is refused before anything is installed, with its path.
`;

/** README.md of the chart: what it is, and every value with its default. */
export function chartReadme(): string {
  return [INTRODUCTION, ...sectionsOf('', ChartValues as ValueSchema)].join('\n');
}

function sectionsOf(path: string, { description, properties = {} }: ValueSchema): string[] {
  const names = Object.entries(properties).map(
    ([name, schema]) => [path === '' ? name : `${path}.${name}`, schema] as const,
  );
  const rows = names
    .filter(([, schema]) => !isSection(schema))
    .map(([name, schema]) => `| \`${name}\` | ${defaultOf(schema)} | ${cell(schema.description ?? '')} |`);
  const head = path === '' ? [] : [`### ${path}`, '', description ?? '', ''];
  const table = rows.length === 0 ? [] : ['| value | default | meaning |', '|---|---|---|', ...rows, ''];
  const sections = names
    .filter(([, schema]) => isSection(schema))
    .flatMap(([name, schema]) => sectionsOf(name, schema));
  return [...head, ...table, ...sections];
}

function defaultOf({ default: value }: ValueSchema): string {
  return value === '' ? '' : `\`${cell(typeof value === 'string' ? value : JSON.stringify(value))}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
