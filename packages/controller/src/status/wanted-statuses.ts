import type { AgentView } from '../agents/agent-view.ts';
import type { KnownPolicy } from '../policies/policy-resource.ts';
import type { Reconciled } from '../policies/reconciler.ts';
import { policyStatus } from './policy-status.ts';
import type { WantedStatus } from './status-writer.ts';

export interface WantedStatusesInput {
  readonly reconciled: Reconciled;
  readonly policies: ReadonlyMap<string, KnownPolicy>;
  readonly agents: readonly AgentView[];
  readonly troubles: readonly string[];
  readonly nowMs: number;
}

/** The status that each policy object is to have. Pure. */
export function wantedStatuses({
  reconciled,
  policies,
  agents,
  troubles,
  nowMs,
}: WantedStatusesInput): WantedStatus[] {
  return reconciled.reports.flatMap((report) => {
    const { name } = report.object.metadata;
    const known = policies.get(name);
    // Changed since it was judged: the next look is soon.
    if (known === undefined || known.object !== report.object) return [];
    const { uid, generation, status: before } = known;
    const concerned = agents
      .filter(({ place }) => reconciled.applies(name, place.node))
      // It enforces its order, and nobody knows whether that is still what it should be.
      .map((view) => (reconciled.unresolved.has(view.place.node) ? { ...view, isCurrent: false } : view));
    // A leader that has only begun knows less than what the last one wrote.
    if (concerned.some(({ reach }) => reach === 'new')) return [];
    const idle = [...reconciled.idle].filter(([node]) => reconciled.applies(name, node));
    const unresolved = report.problems.length === 0 ? [...reconciled.unresolved] : [];
    const status = policyStatus({
      report,
      generation,
      agents: concerned,
      idle,
      unresolved,
      before,
      nowMs,
      troubles,
    });
    return [{ name, uid, status, before }];
  });
}
