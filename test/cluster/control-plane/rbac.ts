/** What the controller may do, and no more: every verb that it uses. */
export function controllerRbac(
  user: string,
  namespace: string,
): readonly { path: string; object: unknown }[] {
  const rbac = 'rbac.authorization.k8s.io';
  const name = 'checkpoint-warden-controller';
  const subjects = [{ apiGroup: rbac, kind: 'User', name: user }];
  const all = `/apis/${rbac}/v1`;
  const own = `${all}/namespaces/${namespace}`;
  return [
    {
      path: `${all}/clusterroles`,
      object: {
        apiVersion: `${rbac}/v1`,
        kind: 'ClusterRole',
        metadata: { name },
        rules: [
          rule('checkpoint-warden.dev', ['checkpointretentionpolicies'], ['get', 'list', 'watch']),
          rule('checkpoint-warden.dev', ['checkpointretentionpolicies/status'], ['patch']),
          rule('', ['nodes'], ['list', 'watch']),
          rule('', ['pods'], ['get', 'list', 'watch']),
          rule('events.k8s.io', ['events'], ['create', 'update']),
        ],
      },
    },
    {
      path: `${all}/clusterrolebindings`,
      object: {
        apiVersion: `${rbac}/v1`,
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
        subjects,
      },
    },
    {
      path: `${own}/roles`,
      object: {
        apiVersion: `${rbac}/v1`,
        kind: 'Role',
        metadata: { name, namespace },
        rules: [
          rule('coordination.k8s.io', ['leases'], ['get', 'create', 'update']),
          rule('', ['secrets'], ['get', 'create', 'update']),
        ],
      },
    },
    {
      path: `${own}/rolebindings`,
      object: {
        apiVersion: `${rbac}/v1`,
        kind: 'RoleBinding',
        metadata: { name, namespace },
        roleRef: { apiGroup: rbac, kind: 'Role', name },
        subjects,
      },
    },
  ];
}

function rule(apiGroup: string, resources: readonly string[], verbs: readonly string[]) {
  return { apiGroups: [apiGroup], resources, verbs };
}
