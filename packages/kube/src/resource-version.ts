const DECIMAL = /^(?:0|[1-9]\d*)$/;

/**
 * Orders two resourceVersions of one resource: decimal integers of any size.
 *
 * @returns negative when `a` is older, 0 when they are the same, positive when `a` is newer; `undefined` when one of them is no
 * such integer, so that nothing can be said
 * @see https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/5504-comparable-resource-version
 */
export function compareResourceVersions(a: string, b: string): number | undefined {
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
