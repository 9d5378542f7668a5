import type { AppError, Problem } from '@checkpoint-warden/errors';
import type { FileProblem } from './read-policy-text.ts';

/**
 * The problems of an error for a terminal, one block each:
 * ```
 * policy.yaml:12: spec.podPolicies[0].maxTotalSize: "10" is less than 1Mi
 *   did you mean 10Mi?
 * ```
 */
export function formatProblems(error: AppError): string {
  return error.problems.map(formatProblem).join('\n');
}

function formatProblem(problem: Problem): string {
  const { path, message, remedy } = problem;
  const head = [place(problem), path, message].filter((part) => part !== '').join(': ');
  return remedy === undefined ? head : `${head}\n  ${remedy}`;
}

function place(problem: Problem & Partial<FileProblem>): string {
  const { file, line, document } = problem;
  if (file === undefined) return '';
  const position = line === undefined ? file : `${file}:${line}`;
  return document === undefined ? position : `${position} (document ${document})`;
}
