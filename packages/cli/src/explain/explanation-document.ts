import type { Explanation, Rule } from '@checkpoint-warden/policy';
import { verdictDocument } from '../plan/verdict-document.ts';
import type { AgentInForce } from '../running-agent/agent-in-force.ts';
import { fileTimeOf } from '../text/format-time.ts';

/** A rule; an agent tells no more of it than its id. */
export type ShownRule = Pick<Rule, 'id'> & Partial<Pick<Rule, 'level' | 'namespace' | 'pod' | 'container'>>;

/** An explanation, whoever gave it, with what only the directory can tell. */
export interface ShownExplanation {
  readonly explanation: Omit<Explanation, 'governing' | 'lost'> & {
    readonly governing: ShownRule | undefined;
    readonly lost: readonly { readonly rule: ShownRule; readonly why: string }[];
  };
  /** What reading the archive showed. */
  readonly why: string;
  /** What the pin says; `undefined` without one. */
  readonly pinReason: string | undefined;
  readonly nowMs: number;
  /** Who judged it so; absent for a dry run of a policy file. */
  readonly by?: AgentInForce;
}

/** An explanation for programs, in the words of the agent's `GET /v1/archives/{archive}/explanation`. */
export function explanationDocument({ explanation, why, pinReason, by }: ShownExplanation): object {
  const { archive, verdict, orderTimeMs, governing, lost, limits, otherNodes, toChange } = explanation;
  return {
    ...(by === undefined ? {} : { agent: by }),
    verdict: verdictDocument(verdict),
    why,
    pinned: archive.pinned,
    ...(pinReason ? { pinReason } : {}),
    countsAs: orderTimeMs === undefined ? null : fileTimeOf(orderTimeMs),
    governing: governing?.id ?? null,
    lost: lost.map(({ rule, why }) => ({ rule: rule.id, why })),
    limits,
    otherNodes,
    toChange,
  };
}
