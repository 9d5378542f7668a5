import type { Path } from './finding.ts';

/** What stands at a JSON pointer (RFC 6901), and the pointer as a path with list indices as numbers. */
export function resolvePointer(root: unknown, pointer: string): { path: Path; value: unknown } {
  const path: (string | number)[] = [];
  let value = root;
  for (const escaped of pointer.split('/').slice(1)) {
    const step = escaped.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(value) ? Number(step) : step);
    value = property(value, step);
  }
  return { path, value };
}

/** An own property of anything; `undefined` where there is none. */
export function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}
