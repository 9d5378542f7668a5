import { join } from 'node:path';

/** Where the agent with a state directory answers whoever may enter that. */
export function agentSocketIn(stateDir: string): string {
  return join(stateDir, 'agent.sock');
}
