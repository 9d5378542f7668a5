import type { PolicyCondition, PolicyStatus, State } from '@checkpoint-warden/api';
import { formatBytes } from '@checkpoint-warden/policy';
import type { AgentView } from '../agents/agent-view.ts';
import type { ObjectReport } from '../policies/resolve-policies.ts';
import { summarizeNames } from './summarize-names.ts';

/** Why a condition is as it is: one word for programs, in status and Events alike. */
export const REASON = {
  valid: 'Valid',
  invalid: 'Invalid',
  conflict: 'Conflict',
  neverMatches: 'NeverMatches',
  noAgents: 'NoAgents',
  everywhere: 'InForceEverywhere',
  pending: 'Pending',
  healthy: 'Healthy',
  agentsUnusable: 'AgentsUnusable',
  nodesUnknown: 'NodesUnknown',
  deletionsFail: 'DeletionsFail',
  ownersUnknown: 'OwnersUnknown',
  limitsUnreachable: 'LimitsUnreachable',
  clockDoubted: 'ClockDoubted',
} as const;
export type StatusReason = (typeof REASON)[keyof typeof REASON];

export interface StatusInput {
  readonly report: ObjectReport;
  readonly generation: number;
  /** The agents of the nodes on which the object applies. */
  readonly agents: readonly AgentView[];
  /** Such nodes whose agent does not run, each with why. */
  readonly idle: readonly (readonly [node: string, why: string])[];
  /** Nodes of which it is not known which policies apply there. */
  readonly unresolved: readonly string[];
  /** The status so far: when conditions changed is taken from it. */
  readonly before: PolicyStatus | undefined;
  readonly nowMs: number;
  /** What keeps the controller from doing its work for all policies, e.g. a verb that it lacks. */
  readonly troubles: readonly string[];
}

/** A condition before its time is known. */
type Finding = Pick<PolicyCondition, 'type' | 'status' | 'reason' | 'message'>;

/** Says how it goes with one policy object. Pure. */
export function policyStatus(input: StatusInput): PolicyStatus {
  const { generation, agents, idle, before, nowMs } = input;
  const conditions = [accepted(input), enforced(input), degraded(input)].map((finding) => {
    const last = before?.conditions?.find(({ type }) => type === finding.type);
    return {
      ...finding,
      observedGeneration: generation,
      lastTransitionTime: last?.status === finding.status ? last.lastTransitionTime : toSeconds(nowMs),
    };
  });
  return {
    observedGeneration: generation,
    conditions,
    nodes: {
      desired: agents.length + idle.length,
      ready: agents.filter(isReady).length,
      current: agents.filter(({ isCurrent }) => isCurrent).length,
    },
    archives: archivesOf(agents),
    deleted: deletedOf(input),
  };
}

function accepted({ report: { problems, conflicts, useless } }: StatusInput): Finding {
  const type = 'Accepted';
  const [problem] = problems;
  if (problem !== undefined) {
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    const message = `${problem.path}: ${problem.message}${problem.remedy === undefined ? '' : `; ${problem.remedy}`}${more}`;
    return {
      type,
      status: 'False',
      reason: REASON.invalid,
      message: `The policy is not in force. ${message}`,
    };
  }
  const [conflict] = conflicts;
  if (conflict !== undefined) {
    const paths = summarizeNames(conflicts.map(({ path, winner }) => `${path} (by ${winner})`));
    const message = `Parts are not in force, as older policies are for the same: ${paths}.`;
    return { type, status: 'False', reason: REASON.conflict, message };
  }
  const [never] = useless;
  if (never !== undefined) {
    const paths = summarizeNames(useless.map(({ path, pattern, why }) => `${path} "${pattern}": ${why}`));
    return {
      type,
      status: 'False',
      reason: REASON.neverMatches,
      message: `Parts can match nothing: ${paths}.`,
    };
  }
  return {
    type,
    status: 'True',
    reason: REASON.valid,
    message: 'Valid, and no older policy is for the same.',
  };
}

function enforced({ agents, report }: StatusInput): Finding {
  const type = 'Enforced';
  if (report.problems.length > 0) {
    return {
      type,
      status: 'False',
      reason: REASON.invalid,
      message: 'The policy is not valid: see Accepted.',
    };
  }
  if (agents.length === 0) {
    return {
      type,
      status: 'Unknown',
      reason: REASON.noAgents,
      message: 'No agent runs on a node of this policy.',
    };
  }
  // A node whose agent cannot be reached goes on with the policy that it had; that is for Degraded to say.
  const pending = agents.filter((agent) => isReady(agent) && !agent.isCurrent);
  if (pending.length > 0) {
    const nodes = summarizeNames(pending.map(({ place }) => place.node));
    return { type, status: 'False', reason: REASON.pending, message: `Not yet in force on ${nodes}.` };
  }
  if (!agents.some(({ isCurrent }) => isCurrent)) {
    return {
      type,
      status: 'Unknown',
      reason: REASON.noAgents,
      message: 'No agent of this policy can be reached.',
    };
  }
  return {
    type,
    status: 'True',
    reason: REASON.everywhere,
    message: 'In force on every node that can be reached.',
  };
}

function degraded({ agents, idle, unresolved, troubles, report }: StatusInput): Finding {
  const type = 'Degraded';
  const name = report.object.metadata.name;
  const found: { reason: StatusReason; message: string }[] = [];

  const unusable = agents.filter(
    ({ reach, trouble }) => reach !== 'new' && reach !== 'stand-alone' && trouble !== undefined,
  );
  const alone = agents.filter(({ reach }) => reach === 'stand-alone');
  if (unusable.length + alone.length + idle.length > 0) {
    const each = [
      ...idle.map(([node, why]) => `${node} (${why})`),
      ...unusable.map(({ place, trouble }) => `${place.node} (${trouble})`),
      ...alone.map(({ place }) => `${place.node} (has a policy file of its own)`),
    ];
    found.push({ reason: REASON.agentsUnusable, message: `Agents: ${summarizeNames(each)}.` });
  }
  if (unresolved.length > 0) {
    found.push({
      reason: REASON.nodesUnknown,
      message:
        `Which policies apply is not known where there is no Node object: ${summarizeNames(unresolved)}. ` +
        'Agents there go on with the policy that they have; restart the kubelet of a node that is to stay.',
    });
  }
  for (const message of troubles) found.push({ reason: REASON.ownersUnknown, message });

  const failing = agents.flatMap(({ place, state }) =>
    (state?.failing ?? [])
      .filter(({ policy }) => policy === name)
      .map(({ count, reason }) => `${count} on ${place.node} (${reason})`),
  );
  if (failing.length > 0) {
    found.push({
      reason: REASON.deletionsFail,
      message: `Archives that cannot be deleted: ${summarizeNames(failing)}.`,
    });
  }
  const unknown = agents.filter(({ orphans }) => orphans.unknown > 0 && orphans.why !== undefined);
  const [first] = unknown;
  if (first !== undefined && troubles.length === 0) {
    const archives = unknown.reduce((sum, { orphans }) => sum + orphans.unknown, 0);
    found.push({
      reason: REASON.ownersUnknown,
      message: `Whether the pods of ${archives} archives exist is not known, so they are kept: ${first.orphans.why}.`,
    });
  }
  const unreachable = agents.flatMap(({ place, state }) =>
    (state?.unreachable.limits ?? [])
      .filter(({ rule }) => rule.startsWith(`${name}/`))
      .map(({ limit, group }) => `${limit} of ${group ?? 'the node'} on ${place.node}`),
  );
  if (unreachable.length > 0) {
    found.push({
      reason: REASON.limitsUnreachable,
      message: `Pins or keepLast stand against ${summarizeNames(unreachable)}.`,
    });
  }
  const doubted = agents.filter(({ state }) => state?.clock.trusted === false);
  if (doubted.length > 0) {
    const nodes = summarizeNames(
      doubted.map(({ place, state }) => `${place.node} (${state?.clock.why ?? ''})`),
    );
    found.push({
      reason: REASON.clockDoubted,
      message: `Nothing goes by age where the clock is not trusted: ${nodes}.`,
    });
  }

  const [worst] = found;
  if (worst === undefined)
    return { type, status: 'False', reason: REASON.healthy, message: 'Nothing is wrong.' };
  return {
    type,
    status: 'True',
    reason: worst.reason,
    message: found.map(({ message }) => message).join(' '),
  };
}

function isReady({ reach, state }: AgentView): boolean {
  return reach === 'reachable' && state?.ready === true;
}

function archivesOf(agents: readonly AgentView[]): NonNullable<PolicyStatus['archives']> {
  const sum = (pick: (state: State) => number) =>
    agents.reduce((total, { state }) => total + (state === undefined ? 0 : pick(state)), 0);
  const bytes = sum(({ archives }) => archives.bytes);
  return {
    count: sum(({ archives }) => archives.count),
    bytes,
    size: formatBytes(bytes),
    pinned: sum(({ archives }) => archives.states.pinned.count),
    incomplete: sum(({ archives }) => archives.states.incomplete.count + archives.states.writing.count),
    unattributed: sum(({ archives }) => archives.states.unattributed.count),
    orphaned: agents.reduce((total, { orphans }) => total + orphans.orphaned, 0),
  };
}

function deletedOf({ agents, report }: StatusInput): NonNullable<PolicyStatus['deleted']> {
  const rows = agents
    .flatMap(({ state }) => state?.deleted ?? [])
    .filter(({ policy }) => policy === report.object.metadata.name);
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  const lastTime = rows
    .map(({ lastAt }) => lastAt)
    .sort()
    .at(-1);
  return {
    count: rows.reduce((sum, row) => sum + row.count, 0),
    bytes,
    size: formatBytes(bytes),
    ...(lastTime === undefined ? {} : { lastTime: toSeconds(Date.parse(lastTime)) }),
  };
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
function toSeconds(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
