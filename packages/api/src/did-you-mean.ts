import { nearest } from '@checkpoint-warden/errors';

/** More completions than this say nothing. */
const MAX_COMPLETIONS = 3;

/**
 * A question that helps with a mistyped word, or `undefined` when no candidate is near.
 *
 * @example didYouMean('maxCheckpoint', ['maxCheckpoints', 'keepLast']) // 'did you mean maxCheckpoints?'
 */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  const closest = nearest(word, candidates, 2);
  if (closest !== undefined) return `did you mean ${closest}?`;
  // A name that was left unfinished, such as maxCheckpoints for maxCheckpointsPerPod, is not its shortest neighbour.
  const completions = candidates.filter((candidate) => candidate.startsWith(word));
  if (completions.length > MAX_COMPLETIONS) return undefined;
  if (completions.length > 0) return `did you mean ${completions.join(' or ')}?`;
  const near = nearest(word, candidates);
  return near === undefined ? undefined : `did you mean ${near}?`;
}
