import { existsSync, readFileSync } from 'node:fs';
import type { TestNode } from './test-node.ts';

/** Which leader an agent has obeyed: see docs/reference/agent-api.md, Order of messages. */
export interface ObeyedEpoch {
  /** Unix ms. */
  readonly leaseCreatedMs: number;
  readonly leaseTransitions: number;
}

/** Reads from a node's state directory whose policy its agent has in force. */
export function obeyedEpoch(node: TestNode): ObeyedEpoch {
  return JSON.parse(readFileSync(pathOn(node), 'utf8')).epoch;
}

/** Whether the agent of a node has nothing to enforce: its last word is that there is no rule, or it never had one. */
export function obeysNoRule(node: TestNode): boolean {
  if (!existsSync(pathOn(node))) return true;
  const { policy } = JSON.parse(readFileSync(pathOn(node), 'utf8'));
  return policy.rules.length === 0 && policy.node === undefined;
}

function pathOn(node: TestNode): string {
  return node.path('/var/lib/checkpoint-warden/controller-policy.json');
}
