import type { PolicyStatus } from '@checkpoint-warden/api';
import { AGENT_STATES, type AgentState, type AgentView } from '../agents/agent-view.ts';
import {
  CONDITION_STATUSES,
  type ControllerMetrics,
  type NamespaceArchives,
  POLICY_CONDITIONS,
  type PolicyCounts,
} from '../metrics.ts';

/** Namespaces that have series of their own: a cluster may have thousands. */
const MAX_NAMESPACES = 20;
/** The series of all others. A namespace of this name is counted in it. */
const OTHERS = 'other';

/** Sets the gauges that are made from all agents and policies. */
export function reportFigures(
  metrics: Pick<ControllerMetrics, 'agents' | 'policies' | 'namespaces'>,
  agents: readonly AgentView[],
  statuses: readonly PolicyStatus[],
): void {
  const byState = Object.fromEntries(AGENT_STATES.map((state) => [state, 0])) as Record<AgentState, number>;
  for (const { reach } of agents) byState[reach] += 1;
  metrics.agents(byState);

  metrics.policies(countConditions(statuses));
  metrics.namespaces(largestNamespaces(agents));
}

function countConditions(statuses: readonly PolicyStatus[]): PolicyCounts {
  const conditions = statuses.flatMap((status) => status.conditions ?? []);
  const count = (type: string, status: string) =>
    conditions.filter((condition) => condition.type === type && condition.status === status).length;
  return Object.fromEntries(
    POLICY_CONDITIONS.map((type) => [
      type,
      Object.fromEntries(CONDITION_STATUSES.map((status) => [status, count(type, status)])),
    ]),
  ) as PolicyCounts;
}

/** The namespaces with most bytes, and all others as one. */
export function largestNamespaces(agents: readonly AgentView[]): NamespaceArchives[] {
  const sums = new Map<string, { archives: number; bytes: number }>();
  for (const { owners } of agents) {
    for (const { namespace, archives, bytes } of owners) {
      const sum = sums.get(namespace) ?? { archives: 0, bytes: 0 };
      sum.archives += archives;
      sum.bytes += bytes;
      sums.set(namespace, sum);
    }
  }
  const rows = [...sums]
    .map(([namespace, sum]) => ({ namespace, ...sum }))
    .sort((a, b) => b.bytes - a.bytes || (a.namespace < b.namespace ? -1 : 1));
  const [named, rest]: [NamespaceArchives[], NamespaceArchives[]] = [[], []];
  for (const row of rows)
    (named.length < MAX_NAMESPACES && row.namespace !== OTHERS ? named : rest).push(row);
  if (rest.length === 0) return named;
  const total = (pick: (row: NamespaceArchives) => number) => rest.reduce((sum, row) => sum + pick(row), 0);
  const other = { archives: total(({ archives }) => archives), bytes: total(({ bytes }) => bytes) };
  return [...named, { namespace: OTHERS, ...other }];
}
