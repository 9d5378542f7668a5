/**
 * The candidate that a mistyped word most likely meant, ignoring case: the one with the fewest letters changed, left out,
 * added or swapped.
 *
 * @param maxReach - how many letters may differ, if less than a third of the word
 * @returns `undefined` when nothing is near
 * @example nearest('Enforced', ['Enforce', 'Audit']) // 'Enforce'
 */
export function nearest(
  word: string,
  candidates: readonly string[],
  maxReach = Number.POSITIVE_INFINITY,
): string | undefined {
  const reach = Math.min(maxReach, Math.max(1, Math.floor(word.length / 3)));
  const typed = word.toLowerCase();
  const [best] = candidates
    .filter((candidate) => Math.abs(candidate.length - word.length) <= reach)
    .map((candidate) => ({ candidate, distance: distance(typed, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= reach ? best.candidate : undefined;
}

/** Optimal string alignment distance. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
