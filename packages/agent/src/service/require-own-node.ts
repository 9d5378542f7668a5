import { AppError } from '@checkpoint-warden/errors';

/**
 * A message for another node is refused: the address that it was sent to may have been that node's a moment ago, and what
 * one node is to enforce another may not.
 *
 * @throws AppError `CW_ERR_AGENT_NODE`
 */
export function requireOwnNode(own: string, addressed: string): void {
  if (addressed === own) return;
  throw new AppError('CW_ERR_AGENT_NODE', `the message is for ${addressed}, and this is the agent of ${own}`);
}
