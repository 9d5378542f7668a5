import { type GroupsPage, type NewestAnswer, type NewestRequest, ruleHashesIn } from '@checkpoint-warden/api';
import {
  type Archive,
  countThatMatter,
  type GroupReach,
  type Owner,
  type Policy,
  type Rule,
  reachOf,
  type SharedGroup,
  sharedGroups,
} from '@checkpoint-warden/policy';
import { ARCHIVES_OF_POD } from './cluster-shape.ts';

export const ARCHIVE_BYTES = 52_428_800;
const MINUTE_MS = 60_000;
/** When the newest archive of each pod was made, before any arrives. */
const NEWEST_MS = Date.parse('2026-01-31T00:00:00Z');

/** The archives of a simulated agent, by the groups that they are of. They are made when somebody asks, and forgotten. */
export interface SimulatedGroups {
  figures(policy: Policy): GroupsPage['groups'];
  newest(policy: Policy, asked: NewestRequest['groups']): NewestAnswer['groups'];
  /** An archive in the group of a namespace is there, and newer than all others. @returns its name */
  arrive(policy: Policy, namespace: string): string;
  /** Whether all groups of a namespace are among those of a message, by {@link groupName}. */
  areNamespacesIn(policy: Policy, told: ReadonlySet<string>): boolean;
}

/** What tells a group from every other one, under whatever rule. */
export function groupName({ group, rule }: { readonly group: string; readonly rule: string }): string {
  return `${rule} ${group}`;
}

/** How far the limits of a group look. */
export function reachOfGroup(
  policy: Policy,
  { group, rule: hash }: { readonly group: string; readonly rule: string },
): GroupReach | undefined {
  const [rule] = [...hashesFor(policy, group)].find(([, each]) => each === hash) ?? [];
  const level = (['namespace', 'pod', 'container'] as const)[group.split('/').length - 1];
  return rule === undefined || level === undefined ? undefined : reachOf(rule, level);
}

/** @param owners - those of the archives at present */
export function createSimulatedGroups(node: string, owners: () => readonly Owner[]): SimulatedGroups {
  const arrived: Archive[] = [];
  // Those of a pod that has moved are other archives than on the node before, and have other names.
  const newestMs = NEWEST_MS - (Number(node.split('-')[1]) % 60) * 1_000;
  const groupsUnder = (policy: Policy): SharedGroup[] => {
    const old = owners().flatMap((owner) =>
      Array.from({ length: ARCHIVES_OF_POD }, (_, age) => archiveOf(owner, newestMs - age * MINUTE_MS)),
    );
    return sharedGroups([...old, ...arrived], policy, Date.now());
  };
  const archiveOf = (owner: Owner, createdAtMs: number): Archive => ({
    name: `checkpoint-${owner.pod}_${owner.namespace}-${owner.container}-${new Date(createdAtMs).toISOString().slice(0, 19)}Z.tar`,
    node,
    sizeBytes: ARCHIVE_BYTES,
    mtimeMs: createdAtMs + 250,
    createdAtMs,
    state: 'complete',
    owner,
    pinned: false,
  });
  const arrivalsOf = (key: string): number =>
    arrived.filter(({ owner }) => key === owner?.namespace || key === `${owner?.namespace}/${owner?.pod}`)
      .length;
  const versionOf = ({ key, archives }: SharedGroup): string => `${archives.length}.${arrivalsOf(key)}`;

  return {
    figures: (policy) =>
      groupsUnder(policy).map((group) => ({
        ...nameOf(policy, group),
        count: group.archives.length,
        bytes: group.archives.length * ARCHIVE_BYTES,
        version: versionOf(group),
      })),
    newest(policy, asked) {
      const wanted = new Set(asked.map(groupName));
      return groupsUnder(policy)
        .filter((group) => wanted.has(groupName(nameOf(policy, group))))
        .map((group) => {
          const { key, rule, level, archives } = group;
          const reach = reachOf(rule, level);
          const sizes = archives.map(({ archive }) => archive.sizeBytes);
          const count = reach === undefined ? 0 : countThatMatter(sizes, reach);
          return {
            ...nameOf(policy, group),
            version: versionOf(group),
            due: arrivalsOf(key) > 0 ? [key] : [],
            archives: archives.slice(0, count).map(({ archive, timeMs }) => ({
              name: archive.name,
              pod: archive.owner?.pod ?? '',
              container: archive.owner?.container ?? '',
              bytes: archive.sizeBytes,
              countsAsMs: timeMs,
              mtimeMs: archive.mtimeMs,
            })),
          };
        });
    },
    arrive(policy, namespace) {
      const group = groupsUnder(policy).find(({ key }) => key === namespace);
      const owner = group?.archives[0]?.archive.owner;
      if (owner === undefined) throw new Error(`${node} has nothing of ${namespace}`);
      const archive = archiveOf(owner, Date.now() - 1_000);
      arrived.push(archive);
      return archive.name;
    },
    areNamespacesIn: (policy, told) =>
      groupsUnder(policy).every(
        (group) => group.level !== 'namespace' || told.has(groupName(nameOf(policy, group))),
      ),
  };
}

/** Agents of the same policy have the same rules: they need not be hashed for each. */
const hashes = new WeakMap<Policy, Map<string, ReadonlyMap<Rule, string>>>();

function hashesFor(policy: Policy, group: string): ReadonlyMap<Rule, string> {
  const [namespace = ''] = group.split('/');
  const ofPolicy = hashes.get(policy) ?? new Map<string, ReadonlyMap<Rule, string>>();
  hashes.set(policy, ofPolicy);
  const here = ofPolicy.get(namespace) ?? ruleHashesIn(policy.rules, namespace);
  ofPolicy.set(namespace, here);
  return here;
}

function nameOf(policy: Policy, { key, rule }: SharedGroup): { group: string; rule: string } {
  return { group: key, rule: hashesFor(policy, key).get(rule) ?? '' };
}
