import type { State } from '@checkpoint-warden/api';
import type { HeldOwner } from '../owners/held-owner.ts';
import type { AgentPlace } from './agent-place.ts';

/**
 * How it goes with an agent.
 * - `new`: not asked yet.
 * - `reachable`: it answers as it should.
 * - `unreachable`: no answer, or no connection.
 * - `incompatible`: it answers, but not like an agent of this version.
 * - `misplaced`: it says that it is the agent of another node.
 * - `stand-alone`: it has a policy file of its own and takes no orders.
 */
export const AGENT_STATES = [
  'new',
  'reachable',
  'unreachable',
  'incompatible',
  'misplaced',
  'stand-alone',
] as const;
export type AgentState = (typeof AGENT_STATES)[number];

/** What status, Events and metrics are made from, for one agent. */
export interface AgentView {
  readonly place: AgentPlace;
  readonly reach: AgentState;
  /** Why it is not as it should be; `undefined`: it is. */
  readonly trouble: string | undefined;
  /** As last told; kept while it cannot be reached. */
  readonly state: State | undefined;
  /** Whether it enforces what it is to. */
  readonly isCurrent: boolean;
  readonly owners: readonly HeldOwner[];
  readonly orphans: OrphanCounts;
}

/** Archives by what is known of their owners. */
export interface OrphanCounts {
  /** Confirmed gone. */
  readonly orphaned: number;
  /** The watch misses the owner, and the API server has not said whether that is right. */
  readonly unknown: number;
  /** Why not, for the first of them. */
  readonly why: string | undefined;
}
