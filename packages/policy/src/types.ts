/**
 * The words of the planner. Everything here is plain data in bytes and Unix milliseconds; quantities and durations were
 * parsed before (`packages/api`), files were read before (`packages/agent`).
 */

/** What an archive was taken from. Names are compared as whole fields, never by prefix. */
export interface Owner {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The pod's UID where the archive's metadata tells it. Informative: owners are judged by name. */
  readonly podUid?: string;
}

/**
 * What reading the archive showed.
 * - `complete`: the tar header chain walks to its end and the metadata parses.
 * - `writing`: not complete and changed within the quiet period.
 * - `incomplete`: not complete and unchanged for the quiet period.
 */
export type ArchiveState = 'complete' | 'writing' | 'incomplete';

/** One archive, on this node or (as a fact from the controller) on another one. */
export interface Archive {
  /** File name, unique on its node. */
  readonly name: string;
  /** Node that holds it. */
  readonly node: string;
  /** File size in bytes (`st_size`). */
  readonly sizeBytes: number;
  /** Modification time, Unix ms, rounded down. */
  readonly mtimeMs: number;
  /** The time in the file name, Unix ms. */
  readonly createdAtMs: number;
  readonly state: ArchiveState;
  /** `undefined`: unattributed, nothing inside the archive agrees with its name. */
  readonly owner: Owner | undefined;
  /** Whether `<name>.keep` stands beside it. */
  readonly pinned: boolean;
}

/** Whether an archive's owner still exists. Not knowing is not the same as gone. */
export type OwnerState =
  | { readonly state: 'present' }
  | { readonly state: 'unknown' }
  /** `goneForMs`: how long the owner had been gone when that was last confirmed, in milliseconds. */
  | { readonly state: 'absent'; readonly goneForMs: number };

export type RuleLevel = 'global' | 'namespace' | 'pod' | 'container';
export type GroupLevel = 'namespace' | 'pod' | 'container';
export type Mode = 'Enforce' | 'Audit';
export type Scope = 'Cluster' | 'Node';

/** The limits on one level of groups. `undefined` switches a limit off. */
export interface GroupLimits {
  readonly level: GroupLevel;
  readonly maxCount?: number | undefined;
  readonly maxTotalBytes?: number | undefined;
}

/** One entry of a policy, resolved. */
export interface Rule {
  /** Stable name for people: `<policy object>/<path>`, e.g. `default/podPolicies[1]`. */
  readonly id: string;
  readonly level: RuleLevel;
  /** Patterns (exact or with `*`); a broader level leaves the finer fields out. */
  readonly namespace?: string | undefined;
  readonly pod?: string | undefined;
  readonly container?: string | undefined;
  readonly mode: Mode;
  /** Whether a limit acts on all groups at once, not only on those with an arrival (docs/explanation/retention.md, 4). */
  readonly applyImmediately: boolean;
  /** `Cluster`: archives on other nodes count too. */
  readonly scope: Scope;
  /** `false`: archives go once their owner has been confirmed gone for `orphanGraceMs`. */
  readonly retainOrphan: boolean;
  readonly orphanGraceMs: number;
  /** Limit for one archive, in bytes. */
  readonly maxArchiveBytes?: number | undefined;
  readonly maxAgeMs?: number | undefined;
  /** Per container: the newest N complete archives go for no limit, only as orphans. */
  readonly keepLast: number;
  /** In the order they are applied: container, pod, namespace for the global rule, its own level for any other. */
  readonly groups: readonly GroupLimits[];
}

/** A node's share of disk. */
export interface NodeRule {
  readonly id: string;
  readonly mode: Mode;
  readonly maxTotalBytes?: number | undefined;
  /** Free space wanted: of the filesystem in percent, or in bytes. */
  readonly minFree?: { readonly percent: number } | { readonly bytes: number } | undefined;
  /** Age by mtime at which incomplete leftovers go; `undefined` keeps them for ever. */
  readonly maxIncompleteAgeMs?: number | undefined;
}

/** What a node enforces. `rules` are in order of precedence among ties: the earlier wins. */
export interface Policy {
  readonly rules: readonly Rule[];
  readonly node?: NodeRule | undefined;
}

/** No policy object: nothing is ever deleted. */
export const EMPTY_POLICY: Policy = { rules: [] };

/** Why an archive is kept. The first that holds, in the order of {@link REASONS}. */
export type KeepReason = 'pinned' | 'incomplete' | 'writing' | 'unattributed' | 'within-limits';
/** Why an archive is deleted. Also the metric label, the audit log's word and the status text. */
export type DeleteReason =
  | 'orphaned'
  | 'expired'
  | 'oversize'
  | 'over-count'
  | 'over-total-size'
  | 'abandoned'
  | 'over-node-size'
  | 'low-free-space';
export type Reason = KeepReason | DeleteReason;

/** Every reason with its action and what it tells a person. */
export const REASONS = {
  pinned: { action: 'keep', text: 'pinned by a .keep file' },
  incomplete: { action: 'keep', text: 'incomplete; goes by its own age' },
  writing: { action: 'keep', text: 'still being written' },
  unattributed: { action: 'keep', text: 'its owner cannot be told for certain' },
  orphaned: { action: 'delete', text: 'its pod or container is confirmed gone' },
  expired: { action: 'delete', text: 'older than the age limit' },
  oversize: { action: 'delete', text: 'larger than one archive may be' },
  'over-count': { action: 'delete', text: 'enough newer archives in its group' },
  'over-total-size': { action: 'delete', text: 'newer archives fill its group’s total size' },
  abandoned: { action: 'delete', text: 'incomplete leftover, older than the limit' },
  'over-node-size': { action: 'delete', text: 'the node’s archives exceed their total' },
  'low-free-space': { action: 'delete', text: 'the filesystem is short of free space' },
  'within-limits': { action: 'keep', text: 'no limit calls for it' },
} as const satisfies Record<Reason, { action: 'keep' | 'delete'; text: string }>;

/**
 * What kept an archive for which a limit had called.
 * - `keep-last`: among the newest `keepLast` of its container.
 * - `no-arrival`: nothing has arrived in its group since the limit was set (docs/explanation/retention.md, 4).
 * - `clock`: the clock is not trusted at present (safety rule 11).
 */
export type HeldBy = 'keep-last' | 'no-arrival' | 'clock';

/** What one pass decided for one archive. */
export interface Verdict {
  readonly archive: Archive;
  readonly action: 'keep' | 'delete';
  readonly reason: Reason;
  /** The rule that governs the archive, or the node rule where that gave the reason; `undefined`: none. */
  readonly rule: Rule | NodeRule | undefined;
  /** `Audit`: decided and reported, not carried out. */
  readonly mode: Mode;
  /** The group over whose limit a deletion is, where the reason is a group's. */
  readonly group?: GroupKey;
  /** On a kept archive: the limit that called for it, and what held it back. */
  readonly held?: { readonly by: HeldBy; readonly reason: DeleteReason };
}

/** A group's name: `ns`, `ns/pod` or `ns/pod/container` (names hold no `/`). */
export type GroupKey = string;

/** A limit that cannot be reached because pins or `keepLast` stand against it. */
export interface UnreachableLimit {
  readonly limit: 'maxCheckpoints' | 'maxTotalSize' | 'nodeMaxTotalSize' | 'minFreeSpace';
  readonly rule: string;
  readonly mode: Mode;
  /** `undefined` for the node's own limits. */
  readonly group?: GroupKey;
  /** How far above (or, for free space, below) the limit it stays: archives or bytes. */
  readonly excess: number;
}

export interface PlanInput {
  /** This node's archives, in any order. */
  readonly archives: readonly Archive[];
  readonly policy: Policy;
  /** Unix ms, taken once for the whole pass. */
  readonly nowMs: number;
  /** What is known of an owner; leave out where nothing is (all unknown). */
  readonly ownerState?: (owner: Owner) => OwnerState;
  /** Archives of the same groups on other nodes: counted, never given a verdict. */
  readonly remote?: readonly Archive[];
  /** Groups in which count and size limits act: those with an arrival, or `all`. */
  readonly due: ReadonlySet<GroupKey> | 'all';
  /** `false` withholds what depends on now (safety rule 11). */
  readonly clockTrusted: boolean;
  /** What the filesystem says; leave out to leave the node's limits alone in this pass. */
  readonly disk?: { readonly sizeBytes: number; readonly availBytes: number } | undefined;
}

/** All verdicts of one pass over one inventory: a value, used once. */
export interface Plan {
  /** One for each archive of the input, in the input's order. */
  readonly verdicts: readonly Verdict[];
  readonly unreachable: readonly UnreachableLimit[];
}
