import type { Problem } from '@checkpoint-warden/errors';
import { collectFindings } from './collect-problems.ts';
import { type Finding, toProblem } from './finding.ts';
import { CheckpointRetentionPolicySchema, KIND } from './policy-object.ts';

/**
 * Everything that is wrong with a policy object; nothing, when it may be enforced. `status` is the controller's business and
 * is not looked at. The API server refuses the same objects (`crdManifest`).
 */
export function validateObject(value: unknown): Problem[] {
  return findInObject(value).map(toProblem);
}

/** {@link validateObject} with exact places. */
export function findInObject(value: unknown): Finding[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return collectFindings(CheckpointRetentionPolicySchema, value);
  }
  const { status: _, ...object } = value as { status?: unknown; kind?: unknown };
  // Of an object of another kind there is no more to say: its fields are not ours.
  if (typeof object.kind === 'string' && object.kind !== KIND) {
    return [
      {
        path: ['kind'],
        message: `this is a ${object.kind}, not a ${KIND}`,
        found: object.kind,
        remedy: `write only objects of kind ${KIND} here`,
      },
    ];
  }
  return collectFindings(CheckpointRetentionPolicySchema, object);
}
