import type { ObjectReport } from '../policies/resolve-policies.ts';
import type { PolicyEvent } from './agent-events.ts';

/** The Events of what is wrong with a policy object itself. Pure. */
export function reportEvents({ object, problems, conflicts, useless }: ObjectReport): PolicyEvent[] {
  const policy = object.metadata.name;
  const [problem] = problems;
  if (problem !== undefined) {
    const note = `not in force: ${problem.path}: ${problem.message}`;
    return [{ type: 'Warning', reason: 'PolicyInvalid', action: 'Compile', policy, note }];
  }
  return [
    ...conflicts.map(
      ({ path, scope, winner }): PolicyEvent => ({
        type: 'Warning',
        reason: 'PolicyConflict',
        action: 'Compile',
        policy,
        note: `${path} is not in force: the older policy ${winner} is for ${scope} as well`,
      }),
    ),
    ...useless.map(
      ({ path, pattern, why }): PolicyEvent => ({
        type: 'Warning',
        reason: 'PolicyInvalid',
        action: 'Compile',
        policy,
        note: `${path} "${pattern}" can match nothing: ${why}`,
      }),
    ),
  ];
}
