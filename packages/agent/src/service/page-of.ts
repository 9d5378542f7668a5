import { compareText } from '@checkpoint-warden/policy';

/** Which part of a list is asked for. */
export interface PageQuery {
  readonly limit: number;
  /** The key of the last item of the page before. */
  readonly after?: string;
}

/** A part of a list, and where to go on. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Give it as `after` for the next page. */
  readonly next?: string;
}

/**
 * A page of items in the order of their keys. A cursor is a key and not a position, so that an item that comes or goes between
 * two pages never makes another one be left out.
 *
 * @param keyOf - unique
 */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  { limit, after }: PageQuery,
): Page<T> {
  const rest = items
    .filter((item) => after === undefined || compareText(keyOf(item), after) > 0)
    .sort((a, b) => compareText(keyOf(a), keyOf(b)));
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return last === undefined || rest.length === page.length
    ? { items: page }
    : { items: page, next: keyOf(last) };
}
