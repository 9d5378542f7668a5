import type { Agent } from '../agent.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { AgentService } from '../service/agent-service.ts';
import type { AuditLog } from '../state/audit-log.ts';

/** What the API offers. */
export interface ApiPorts {
  /** What the controller needs; the other calls are for people. */
  readonly service: AgentService;
  /** As the service has it. */
  readonly instance: string;
  readonly agent: Pick<Agent, 'status' | 'planInput'>;
  readonly inventory: Pick<Inventory, 'revision' | 'archives' | 'get'>;
  readonly audit: Pick<AuditLog, 'read'>;
}
