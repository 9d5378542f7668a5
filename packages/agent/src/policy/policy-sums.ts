import { compareText, type DeleteReason } from '@checkpoint-warden/policy';

/** What one policy object calls for with one reason: how many archives, and their bytes. */
export interface PolicySum {
  /** Name of the policy object. */
  readonly policy: string;
  readonly reason: DeleteReason;
  readonly count: number;
  readonly bytes: number;
}

/** An archive that a rule wants to go. */
export interface RuledArchive {
  /** Id of the rule. */
  readonly rule: string;
  readonly reason: DeleteReason;
  readonly bytes: number;
}

/** Adds archives up by policy object and reason. */
export function sumByPolicy(archives: Iterable<RuledArchive>): PolicySum[] {
  const sums = new Map<string, PolicySum>();
  for (const { rule, reason, bytes } of archives) {
    const policy = policyOfRule(rule);
    const key = policySumKey({ policy, reason });
    const sum = sums.get(key);
    sums.set(key, { policy, reason, count: (sum?.count ?? 0) + 1, bytes: (sum?.bytes ?? 0) + bytes });
  }
  return inOrder([...sums.values()]);
}

/** @returns the name of the policy object in a rule's id, `<policy object>/<path>` */
export function policyOfRule(rule: string): string {
  const slash = rule.indexOf('/');
  return slash < 0 ? rule : rule.slice(0, slash);
}

export function policySumKey({ policy, reason }: Pick<PolicySum, 'policy' | 'reason'>): string {
  return `${policy}/${reason}`;
}

/** By policy object and reason, so that the same sums have one text. */
export function inOrder<S extends PolicySum>(sums: readonly S[]): S[] {
  return sums.toSorted((a, b) => compareText(a.policy, b.policy) || compareText(a.reason, b.reason));
}
