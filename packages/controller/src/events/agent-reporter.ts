import type { State } from '@checkpoint-warden/api';
import type { Clock, Component } from '@checkpoint-warden/kit';
import type { AgentView } from '../agents/agent-view.ts';
import { agentEvents, type PolicyEvent } from './agent-events.ts';

export interface AgentReporterPorts {
  readonly clock: Clock;
  readonly views: () => readonly AgentView[];
  readonly report: (events: readonly PolicyEvent[]) => void;
}

/** Time between looks. */
const LOOK_MS = 2_000;
/** What happens on a node soon after it was last reported is told together, later: a busy node makes no Event each pass. */
const QUIET_MS = 300_000;

interface Told {
  /** What was told of goes up to here. */
  readonly state: State;
  readonly ms: number;
}

/**
 * Tells what has happened on nodes, by comparing what each agent reports with what was told of last: at once after a time of
 * quiet, and from then on every five minutes while something happens.
 */
export function createAgentReporter({ clock, views, report }: AgentReporterPorts): Component {
  let told: ReadonlyMap<string, Told> = new Map();

  const look = ({ place, state }: AgentView): [string, Told] | undefined => {
    const last = told.get(place.node);
    if (state === undefined) return last && [place.node, last];
    // Counting begins with the first state: what was before, whoever saw it has told, or the audit log has it.
    if (last === undefined) return [place.node, { state, ms: Number.NEGATIVE_INFINITY }];
    if (state === last.state || clock.monotonicMs() - last.ms < QUIET_MS) return [place.node, last];
    const events = agentEvents(last.state, state);
    report(events);
    return [place.node, { state, ms: events.length > 0 ? clock.monotonicMs() : last.ms }];
  };

  return {
    async run(signal) {
      while (!signal.aborted) {
        // Those of nodes that are gone are forgotten.
        told = new Map(
          views()
            .map(look)
            .filter((each) => each !== undefined),
        );
        await clock.sleep(LOOK_MS, signal);
      }
    },
  };
}
