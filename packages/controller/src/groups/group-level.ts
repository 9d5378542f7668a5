import type { GroupLevel } from '@checkpoint-warden/policy';

/** The level of a group's key: a namespace, `namespace/pod` or `namespace/pod/container`. */
export function groupLevel(key: string): GroupLevel {
  const [, pod, container] = key.split('/');
  if (pod === undefined) return 'namespace';
  return container === undefined ? 'pod' : 'container';
}
