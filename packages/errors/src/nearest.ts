/**
 * The known word that `word` was probably meant to be, for "did you mean …?". Letter case is ignored.
 *
 * @param maxSlips - how many slips there may be at most, if that is less
 * @returns `undefined` where none is near: more than one typing slip (a letter too many, missing, wrong, or two swapped)
 * for every three letters. Of equally near words the earlier wins.
 * @example nearest('maxCheckpionts', ['maxCheckpoints', 'keepLast']) // 'maxCheckpoints'
 */
export function nearest(
  word: string,
  known: Iterable<string>,
  maxSlips = Number.POSITIVE_INFINITY,
): string | undefined {
  const typed = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.min(maxSlips, Math.max(1, Math.floor(word.length / 3))) + 1;
  for (const candidate of known) {
    // A difference in length alone is at least that many slips, which also keeps hostile long input cheap.
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = slips(typed, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Damerau-Levenshtein distance in its optimal string alignment form: no part of the text is changed twice. */
function slips(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          at(last, column) + 1,
          at(current, column - 1) + 1,
          at(last, column - 1) + (same ? 0 : 1),
          swapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
