import type { Selection } from '../kube-api.ts';
import type { KubeObject } from '../objects.ts';

type Predicate = (object: KubeObject) => boolean;

/**
 * Whether objects belong to a selection. Of the selectors' grammar: `key=value`, `key==value`, `key!=value`, and for labels
 * also `key`, `!key`, `key in (a,b)`, `key notin (a,b)`.
 *
 * @throws SyntaxError for anything else
 */
export function selects({ namespace, labelSelector = '', fieldSelector = '' }: Selection): Predicate {
  const predicates: Predicate[] = [];
  if (namespace !== undefined) predicates.push(({ metadata }) => metadata.namespace === namespace);
  // A comma inside parentheses does not end a requirement.
  for (const text of labelSelector.split(/,(?![^(]*\))/)) {
    if (text.trim() !== '') predicates.push(labelRequirement(text.trim()));
  }
  for (const text of fieldSelector.split(','))
    if (text.trim() !== '') predicates.push(fieldRequirement(text.trim()));
  return (object) => predicates.every((holds) => holds(object));
}

function labelRequirement(text: string): Predicate {
  const set = /^(\S+)\s+(in|notin)\s+\((.*)\)$/.exec(text);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return (object) => values.includes(label(object, key) ?? '\0') === (operator === 'in');
  }
  const equality = /^([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)$/.exec(text);
  if (equality !== null) {
    const [, key = '', operator, value] = equality;
    return (object) => (label(object, key) === value) === (operator !== '!=');
  }
  const existence = /^(!?)\s*([^\s=!()]+)$/.exec(text);
  if (existence === null) throw new SyntaxError(`unable to parse requirement: ${text}`);
  const [, not, key = ''] = existence;
  return (object) => (label(object, key) !== undefined) === (not === '');
}

function label({ metadata }: KubeObject, key: string): string | undefined {
  return metadata.labels?.[key];
}

function fieldRequirement(text: string): Predicate {
  const [, path = '', operator, value] = /^([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)$/.exec(text) ?? [];
  if (operator === undefined) throw new SyntaxError(`invalid field selector: ${text}`);
  return (object) => (field(object, path) === value) === (operator !== '!=');
}

/** A field that is not set counts as empty, as it does on the API server. */
function field(object: KubeObject, path: string): unknown {
  let value: unknown = object;
  for (const name of path.split('.')) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  }
  return value ?? '';
}
