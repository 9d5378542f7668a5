import type { PlanInput, Policy } from '@checkpoint-warden/policy';
import type { Scan } from './scan-directory.ts';

/** What the planner is asked for one look at a directory: every group is due, and nothing is known of owners. */
export function inputFor({ archives, disk }: Scan, policy: Policy, nowMs: number): PlanInput {
  return { archives, policy, nowMs, due: 'all', clockTrusted: true, disk };
}
