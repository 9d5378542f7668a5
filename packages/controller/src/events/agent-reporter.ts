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
/** What happens again soon after it was told is told together, later: a busy node makes no Event each pass. */
const QUIET_MS = 300_000;

interface Told {
  /** What was told goes up to here. */
  readonly state: State;
  readonly ms: number;
}

/** What was told of one node. */
interface NodeRecord {
  /** Counting begins here: what was before, whoever saw it has told, or the audit log has it. */
  readonly first: State;
  readonly last: State;
  /** By policy and reason. */
  readonly told: ReadonlyMap<string, Told>;
}

/**
 * Tells what has happened on nodes, by comparing what each agent reports with what was told of last. Each sort of thing is told
 * at once after a time of quiet, and from then on every five minutes while it goes on.
 */
export function createAgentReporter({ clock, views, report }: AgentReporterPorts): Component {
  let records: ReadonlyMap<string, NodeRecord> = new Map();

  const look = ({ place, state }: AgentView): [string, NodeRecord] | undefined => {
    const record = records.get(place.node);
    if (state === undefined) return record && [place.node, record];
    if (record === undefined) return [place.node, { first: state, last: state, told: new Map() }];
    const { first, told } = record;
    const nowMs = clock.monotonicMs();
    const isWaiting = [...told.values()].some((each) => each.state !== state);
    if (state === record.last && !isWaiting) return [place.node, record];

    const next = new Map(told);
    // Sums only grow, and count from the first state; what comes and goes also counts from the last.
    const candidates = [...agentEvents(first, state), ...agentEvents(record.last, state)];
    for (const [key, [candidate]] of Map.groupBy(candidates, keyOf)) {
      const last = told.get(key);
      if (last !== undefined && (last.state === state || nowMs - last.ms < QUIET_MS)) continue;
      const event =
        last === undefined ? candidate : agentEvents(last.state, state).find((each) => keyOf(each) === key);
      if (event === undefined) continue;
      report([event]);
      next.set(key, { state, ms: nowMs });
    }
    return [place.node, { first, last: state, told: next }];
  };

  return {
    async run(signal) {
      while (!signal.aborted) {
        // Those of nodes that are gone are forgotten.
        records = new Map(
          views()
            .map(look)
            .filter((each) => each !== undefined),
        );
        await clock.sleep(LOOK_MS, signal);
      }
    },
  };
}

function keyOf({ policy, reason }: PolicyEvent): string {
  return `${policy} ${reason}`;
}
