import { type KubeObject, renderChart } from '../chart/render-chart.ts';

export interface ChartRoles {
  /** Roles and their bindings. */
  readonly objects: readonly KubeObject[];
  /** The controller's, as the API server knows who comes with the token of its service account. */
  readonly user: string;
  /** That the controller is told to use. */
  readonly leaseName: string;
}

const KINDS = ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'];

/** What the controller may do in a cluster where the chart is installed. */
export async function chartRoles(release: string, namespace: string): Promise<ChartRoles> {
  const objects = await renderChart({ release, namespace, set: ['rbac.userRoles=false'] });
  const controller = objects.find(({ kind }) => kind === 'Deployment');
  const { serviceAccountName, containers } = controller?.spec.template.spec ?? {};
  const lease: string = containers[0].args.find((arg: string) => arg.startsWith('--lease-name='));
  return {
    objects: objects.filter(({ kind }) => KINDS.includes(kind)),
    user: `system:serviceaccount:${namespace}:${serviceAccountName}`,
    leaseName: lease.slice('--lease-name='.length),
  };
}
