import { type CheckpointRetentionPolicy, compile } from '@checkpoint-warden/api';
import type { RuleLevel } from '@checkpoint-warden/policy';
import { countOf } from '../text/count-of.ts';

const LEVELS: readonly RuleLevel[] = ['global', 'namespace', 'pod', 'container'];

/** What a valid policy object amounts to. */
export interface ObjectDescription {
  readonly name: string;
  readonly mode: string;
  /** `3 rules: 1 global, 2 pod` */
  readonly rules: string;
  /** `all nodes`, or the labels that a node needs. */
  readonly nodes: string;
}

export function describeObject(object: CheckpointRetentionPolicy): ObjectDescription {
  const { metadata, spec } = object;
  const labels = spec.nodeSelector ?? {};
  const { rules } = compile([object], { labels }).policy;
  const kinds = LEVELS.map((level) => [level, rules.filter((rule) => rule.level === level).length] as const);
  const counted = [...kinds, ['node', spec.nodePolicy === undefined ? 0 : 1] as const].filter(
    ([, count]) => count > 0,
  );
  const total = counted.reduce((sum, [, count]) => sum + count, 0);
  const parts = counted.map(([kind, count]) => `${count} ${kind}`).join(', ');
  const selector = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  return {
    name: metadata.name,
    mode: spec.mode ?? 'Enforce',
    rules: total === 0 ? 'no rules' : `${countOf(total, 'rule')}: ${parts}`,
    nodes: selector.length === 0 ? 'all nodes' : `nodes with ${selector.join(', ')}`,
  };
}
