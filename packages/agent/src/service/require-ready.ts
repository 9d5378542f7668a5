import { AppError } from '@checkpoint-warden/errors';
import type { Agent } from '../agent.ts';

/**
 * Before the first scan the inventory is empty, which would be taken for "there are none"; while the directory cannot be read
 * it says what was there before.
 *
 * @throws AppError `CW_ERR_NOT_READY`
 */
export function requireReady(agent: Pick<Agent, 'status'>): void {
  if (!agent.status().ready) throw new AppError('CW_ERR_NOT_READY', 'the archives are not known');
}
