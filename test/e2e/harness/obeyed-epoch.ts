import { readFileSync } from 'node:fs';
import type { TestNode } from './test-node.ts';

/** Which leader an agent has obeyed: see docs/reference/agent-api.md, Order of messages. */
export interface ObeyedEpoch {
  /** Unix ms. */
  readonly leaseCreatedMs: number;
  readonly leaseTransitions: number;
}

/** Reads from a node's state directory whose policy its agent has in force. */
export function obeyedEpoch(node: TestNode): ObeyedEpoch {
  return JSON.parse(readFileSync(node.path('/var/lib/checkpoint-warden/controller-policy.json'), 'utf8'))
    .epoch;
}
