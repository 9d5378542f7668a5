import type { Explanation } from '@checkpoint-warden/policy';
import { verdictDocument } from '../plan/verdict-document.ts';
import { fileTimeOf } from '../text/format-time.ts';

/** An explanation with what only the directory can tell. */
export interface ShownExplanation {
  readonly explanation: Explanation;
  /** What reading the archive showed. */
  readonly why: string;
  /** What the pin says; `undefined` without one. */
  readonly pinReason: string | undefined;
  readonly nowMs: number;
}

/** An explanation for programs, in the words of the agent's `GET /v1/archives/{archive}/explanation`. */
export function explanationDocument({ explanation, why, pinReason }: ShownExplanation): object {
  const { archive, verdict, orderTimeMs, governing, lost, limits, otherNodes, toChange } = explanation;
  return {
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
