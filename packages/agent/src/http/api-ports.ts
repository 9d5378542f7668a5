import type { Clock } from '@checkpoint-warden/kit';
import type { Agent } from '../agent.ts';
import type { ClockGuard } from '../clock-guard.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { OwnerFacts } from '../owners/owner-facts.ts';
import type { ControlState } from '../policy/control-state.ts';
import type { AuditLog } from '../state/audit-log.ts';

/** What the API reads and changes. */
export interface ApiPorts {
  /** Name of the node. */
  readonly node: string;
  /** Another text after each start, so that nobody takes revisions of two starts for one. */
  readonly instance: string;
  readonly agent: Pick<Agent, 'status' | 'planInput' | 'enforce' | 'confirmPolicy' | 'rescan'>;
  readonly inventory: Pick<Inventory, 'revision' | 'archives' | 'get'>;
  readonly owners: Pick<OwnerFacts, 'replace'>;
  readonly audit: Pick<AuditLog, 'read' | 'lastSeq'>;
  readonly control: ControlState;
  /** Whether the policy comes from a file, so that nothing may be pushed. */
  readonly policyFromFile: boolean;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly clockGuard: Pick<ClockGuard, 'compareWith'>;
}
