import { globSync, rmdirSync, statSync } from 'node:fs';

/** Where runc makes the cgroups of containerd's Kubernetes containers: in each hierarchy of version 1, or in version 2's one. */
const PARENTS = ['/sys/fs/cgroup/k8s.io', '/sys/fs/cgroup/*/k8s.io'];

const STALE_AFTER_MS = 600_000;

/** Removes the cgroups of these containers, which must have ended. */
export function removeCgroups(containers: readonly string[]): void {
  for (const container of containers) for (const folder of find(container)) removeEmpty(folder);
  removeParents();
}

/** Removes the empty cgroups that are left of a run whose process was killed. */
export function removeStaleCgroups(): void {
  const isStale = (folder: string) => Date.now() - statSync(folder).mtimeMs > STALE_AFTER_MS;
  for (const folder of find('*').filter(isStale)) removeEmpty(folder);
  removeParents();
}

function find(container: string): string[] {
  const folders = globSync(PARENTS.map((parent) => `${parent}/${container}/`));
  return folders;
}

function removeParents(): void {
  for (const folder of globSync(PARENTS)) removeEmpty(folder);
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    // It has processes or folders: another cluster on this machine uses it. Or that one was faster.
    if (!['EBUSY', 'ENOTEMPTY', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
