const MAX_NAMED = 5;

/** Names the first few of a list: `a, b and 3 more`. */
export function summarizeNames(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  const named = names.slice(0, MAX_NAMED).join(', ');
  return more > 0 ? `${named} and ${more} more` : named;
}
