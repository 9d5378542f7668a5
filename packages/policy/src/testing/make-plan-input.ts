import type { Archive, Owner, PlanInput, Rule } from '../types.ts';
import { NOW_MS } from './arbitrary-scene.ts';

/** An owner from `ns/pod/container`. */
export function makeOwner(path: string): Owner {
  const [namespace = '', pod = '', container = ''] = path.split('/');
  return { namespace, pod, container };
}

/**
 * A complete archive of `shop/web-0/app` with 1 byte on `node-1`.
 *
 * @param age - how long before {@link NOW_MS} it was taken and written, in ms
 */
export function makeArchive(
  name: string,
  age: number,
  { owner = 'shop/web-0/app', ...facts }: Partial<Omit<Archive, 'owner'>> & { owner?: string | null } = {},
): Archive {
  return {
    name,
    node: 'node-1',
    sizeBytes: 1,
    createdAtMs: NOW_MS - age,
    mtimeMs: NOW_MS - age,
    state: 'complete',
    pinned: false,
    ...facts,
    owner: owner === null ? undefined : makeOwner(owner),
  };
}

/** A global rule in Enforce mode without any limit. */
export function makeRule(facts: Partial<Rule> = {}): Rule {
  return {
    id: 'test/globalPolicy',
    level: 'global',
    mode: 'Enforce',
    applyImmediately: false,
    scope: 'Cluster',
    retainOrphan: true,
    orphanGraceMs: 0,
    keepLast: 0,
    groups: [],
    ...facts,
  };
}

/** One pass at {@link NOW_MS} with a trusted clock in which everything is due and no limit is set. */
export function makePlanInput(archives: readonly Archive[], facts: Partial<PlanInput> = {}): PlanInput {
  return { archives, policy: { rules: [] }, nowMs: NOW_MS, due: 'all', clockTrusted: true, ...facts };
}
