import { AppError } from '@checkpoint-warden/errors';
import {
  type GroupLimits,
  type NodeRule,
  type ParseResult,
  parseDuration,
  parseSize,
  type Rule,
} from '@checkpoint-warden/policy';
import { parseFreeSpace } from './free-space.ts';
import type { CheckpointRetentionPolicy } from './policy-object.ts';
import type {
  ContainerPolicy,
  GlobalPolicy,
  NamespacePolicy,
  NodePolicy,
  PodPolicy,
  PolicySpec,
} from './policy-spec.ts';

const DEFAULT_ORPHAN_GRACE = '1m';
const DEFAULT_INCOMPLETE_AGE = '24h';

export function compileGlobal(id: string, spec: PolicySpec, limits: GlobalPolicy): Rule {
  return {
    ...commonOf(id, spec, limits),
    level: 'global',
    // The order in which the planner applies them (docs/explanation/retention.md, 3).
    groups: [
      ...groupLimits('container', limits.maxCheckpointsPerContainer, limits.maxTotalSizePerContainer),
      ...groupLimits('pod', limits.maxCheckpointsPerPod, limits.maxTotalSizePerPod),
      ...groupLimits('namespace', limits.maxCheckpointsPerNamespace, limits.maxTotalSizePerNamespace),
    ],
  };
}

type Entry = NamespacePolicy | PodPolicy | ContainerPolicy;

/** A rule whose group is of its own level. */
export function compileEntry(id: string, spec: PolicySpec, level: GroupLimits['level'], entry: Entry): Rule {
  return {
    ...commonOf(id, spec, entry),
    level,
    namespace: entry.namespace,
    ...('pod' in entry && { pod: entry.pod }),
    ...('container' in entry && { container: entry.container }),
    groups: groupLimits(level, entry.maxCheckpoints, entry.maxTotalSize),
  };
}

export function compileNode(id: string, spec: PolicySpec, limits: NodePolicy): NodeRule {
  const { maxIncompleteAge = DEFAULT_INCOMPLETE_AGE } = limits;
  return {
    id,
    mode: spec.mode ?? 'Enforce',
    ...given('maxTotalBytes', bytesOf(limits.maxTotalSize)),
    ...given('minFree', minFreeOf(limits.minFreeSpace)),
    ...given('maxIncompleteAgeMs', msOf(maxIncompleteAge)),
  };
}

/** Truncated leftovers go after a day on every node with a policy, also where no object has a `nodePolicy`. */
export function defaultNodeRule({ metadata, spec }: CheckpointRetentionPolicy): NodeRule {
  return compileNode(`${metadata.name}/nodePolicy`, spec, {});
}

function commonOf(id: string, spec: PolicySpec, limits: GlobalPolicy | Entry) {
  return {
    id,
    mode: spec.mode ?? 'Enforce',
    applyImmediately: spec.applyPoliciesImmediately ?? false,
    scope: limits.scope ?? 'Cluster',
    retainOrphan: limits.retainOrphan ?? true,
    orphanGraceMs: valid(parseDuration(spec.orphanGracePeriod ?? DEFAULT_ORPHAN_GRACE)),
    ...given('maxArchiveBytes', bytesOf(limits.maxCheckpointSize)),
    ...given('maxAgeMs', msOf(limits.maxCheckpointAge)),
    keepLast: limits.keepLast ?? 0,
  } as const;
}

function groupLimits(
  level: GroupLimits['level'],
  maxCount: number | undefined,
  maxTotalSize: number | string | undefined,
): GroupLimits[] {
  const limits = {
    ...given('maxCount', maxCount === 0 ? undefined : maxCount),
    ...given('maxTotalBytes', bytesOf(maxTotalSize)),
  };
  return Object.keys(limits).length === 0 ? [] : [{ level, ...limits }];
}

/** Bytes of a size limit, or `undefined` where it is off or beyond what any disk holds. */
function bytesOf(size: number | string | undefined): number | undefined {
  return size === undefined ? undefined : limitOf(valid(parseSize(size)));
}

function limitOf(bytes: bigint): number | undefined {
  return bytes > 0n && bytes <= Number.MAX_SAFE_INTEGER ? Number(bytes) : undefined;
}

/** Milliseconds of a duration limit, or `undefined` where it is off. */
function msOf(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : valid(parseDuration(duration)) || undefined;
}

function minFreeOf(wanted: number | string | undefined): NodeRule['minFree'] {
  if (wanted === undefined) return undefined;
  const free = valid(parseFreeSpace(wanted));
  if ('percent' in free) return free.percent === 0 ? undefined : free;
  const bytes = limitOf(free.bytes);
  return bytes === undefined ? undefined : { bytes };
}

/** Objects are valid when they get here; one that is not must not become a policy without its limit. */
function valid<T>(parsed: ParseResult<T>): T {
  if (parsed.ok) return parsed.value;
  const { message, remedy } = parsed;
  throw new AppError('CW_ERR_POLICY_INVALID', message, { problems: [{ path: '', message, remedy }] });
}

/** An object with the property, or without it where there is no value: JSON knows no `undefined`. */
function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: V });
}
