import type { SchemaRule } from './schema-rule.ts';

/**
 * At least one of the fields is given, or `retainOrphan: false`: a rule that asks for nothing is most likely a forgotten
 * line, and would shadow the broader rule that did ask for something.
 */
export function someLimit(limits: readonly string[]): SchemaRule {
  const remedy = `add one of ${limits.join(', ')}, or retainOrphan: false; 0 says that a limit is off`;
  return {
    cel: {
      rule: `${limits.map((field) => `has(self.${field})`).join(' || ')} || (has(self.retainOrphan) && !self.retainOrphan)`,
      message: `sets no limit: ${remedy}`,
    },
    check: (value) =>
      !isObject(value) || limits.some((field) => Object.hasOwn(value, field)) || value.retainOrphan === false
        ? undefined
        : { message: 'sets no limit', remedy },
  };
}

/** At least one of the fields is given and no empty list. */
export function someOf(fields: readonly string[], lists: readonly string[], message: string): SchemaRule {
  const all = [...fields, ...lists];
  const remedy = `add one of ${all.join(', ')}`;
  const cel = [
    ...fields.map((field) => `has(self.${field})`),
    ...lists.map((field) => `(has(self.${field}) && size(self.${field}) > 0)`),
  ];
  return {
    cel: { rule: cel.join(' || '), message: `${message}: ${remedy}` },
    check: (value) => {
      if (!isObject(value)) return undefined;
      const some = all.some((field) => Object.hasOwn(value, field) && !isEmptyList(value[field]));
      return some ? undefined : { message, remedy };
    },
  };
}

/** `keepLast` fits under the container's own count limit. */
export function keepLastWithin(limit: string): SchemaRule {
  const remedy = `lower keepLast or raise ${limit}`;
  return {
    cel: {
      rule: `!has(self.keepLast) || !has(self.${limit}) || self.${limit} == 0 || self.keepLast <= self.${limit}`,
      // Not the numbers: the API server takes string(int) for unboundedly long and refuses the CRD for its cost.
      message: `keepLast is above ${limit}: ${remedy}`,
    },
    check: (value) => {
      if (!isObject(value)) return undefined;
      const { keepLast, [limit]: max } = value;
      if (typeof keepLast !== 'number' || typeof max !== 'number' || max <= 0 || keepLast <= max)
        return undefined;
      return { message: `keepLast ${keepLast} is above ${limit} ${max}`, remedy };
    },
  };
}

/**
 * No two entries of a list have the same keys. The API server sees to it by `x-kubernetes-list-type: map`, so there is no
 * CEL for it.
 */
export function distinctScopes(keys: readonly string[]): SchemaRule['check'] {
  return (value) => {
    if (!Array.isArray(value)) return undefined;
    const seen = new Map<string, number>();
    for (const [index, entry] of value.entries()) {
      if (!isObject(entry) || !keys.every((key) => typeof entry[key] === 'string')) continue;
      const scope = keys.map((key) => entry[key]).join('/');
      const earlier = seen.get(scope);
      if (earlier !== undefined) {
        return {
          message: `entries ${earlier} and ${index} are both for ${scope}`,
          remedy: 'merge them into one entry',
        };
      }
      seen.set(scope, index);
    }
    return undefined;
  };
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
