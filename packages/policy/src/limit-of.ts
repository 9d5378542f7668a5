/** An unset limit, and one of 0, is off. */
export function limitOf(limit: number | undefined): number {
  return limit === undefined || limit <= 0 ? Infinity : limit;
}
