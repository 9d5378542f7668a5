import type { Pod } from '@checkpoint-warden/kube';

/** Names of a pod's containers of every sort, sorted and joined by commas (names hold none). */
export type PodContainers = string;

const MAX_INTERNED = 10_000;

/**
 * Makes what takes from a pod all that is kept of it. A cluster may have 150,000 pods and has few kinds of them: those with
 * the same containers share one text.
 */
export function createPodSlimmer(): (pod: Pod) => PodContainers {
  const interned = new Map<string, PodContainers>();
  return (pod) => {
    const text = containersOf(pod).join(',');
    const known = interned.get(text);
    if (known !== undefined) return known;
    if (interned.size >= MAX_INTERNED) interned.clear();
    interned.set(text, text);
    return text;
  };
}

/** Regular, init (which sidecars are among) and ephemeral containers: an archive may come from any of them. */
export function containersOf({ spec }: Pod): string[] {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec ?? {};
  return [...containers, ...initContainers, ...ephemeralContainers].map(({ name }) => name).sort();
}

export function hasContainer(containers: PodContainers, name: string): boolean {
  return containers === name || containers.split(',').includes(name); // most pods have one, and this is asked all the time
}
