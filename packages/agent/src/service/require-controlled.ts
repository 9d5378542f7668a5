import { AppError } from '@checkpoint-warden/errors';

/**
 * An agent with a policy file runs alone: it takes no orders, so that two sources never mix in what is deleted.
 *
 * @throws AppError `CW_ERR_POLICY_FROM_FILE`
 */
export function requireControlled(policyFromFile: boolean): void {
  if (!policyFromFile) return;
  throw new AppError('CW_ERR_POLICY_FROM_FILE', 'this agent runs alone, on its --policy-file');
}
