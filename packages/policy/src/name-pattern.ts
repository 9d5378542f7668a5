/** Whether a pattern names exactly one thing. */
export function isExactPattern(pattern: string): boolean {
  return !pattern.includes('*');
}

/** How many characters of a pattern are not `*`: the more, the more specific. */
export function literalLength(pattern: string): number {
  return pattern.replaceAll('*', '').length;
}

/**
 * Whether a whole name matches a pattern in which `*` stands for any run of characters, also an empty one.
 * No other character is special, so `team` never matches `team-a`. Time is bounded by pattern × name length.
 *
 * @example matchesPattern('web-*', 'web-0') // true
 */
export function matchesPattern(pattern: string, name: string): boolean {
  if (isExactPattern(pattern)) return pattern === name;
  // Greedy with one point to come back to: after a mismatch only the last `*` has to take one character more.
  let at = 0;
  let p = 0;
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      starAt = at;
    } else if (p < pattern.length && pattern[p] === name[at]) {
      p++;
      at++;
    } else if (star >= 0) {
      p = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
