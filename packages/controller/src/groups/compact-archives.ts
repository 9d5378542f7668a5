import type { GroupArchive } from '@checkpoint-warden/api';

/** The same list in less memory: of a list as parsed, every archive has texts of its own for the one pod that all are of. */
export function compactArchives(archives: readonly GroupArchive[]): readonly GroupArchive[] {
  const names = new Map<string, string>();
  const one = (name: string): string => {
    const known = names.get(name);
    if (known !== undefined) return known;
    names.set(name, name);
    return name;
  };
  return archives.map(({ name, pod, container, bytes, countsAsMs, mtimeMs }) => ({
    name,
    pod: one(pod),
    container: one(container),
    bytes,
    countsAsMs,
    mtimeMs,
  }));
}
