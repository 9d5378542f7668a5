import * as models from '@kubernetes/client-node';

interface Attribute {
  readonly baseName: string;
  readonly type: string;
}

/** What the API server would not know or not take: unknown fields, and values of another type. */
export function problemsOf(object: unknown, type: string, path = ''): string[] {
  const array = /^Array<(.+)>$/.exec(type)?.[1];
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  const attributes = attributesOf(type);
  if (array !== undefined) {
    if (!Array.isArray(object)) return [`${path} is no list`];
    return object.flatMap((item, index) => problemsOf(item, array, `${path}[${index}]`));
  }
  if (map !== undefined || attributes !== undefined) {
    if (typeof object !== 'object' || object === null || Array.isArray(object))
      return [`${path} is no object`];
    return Object.entries(object).flatMap(([key, value]) => {
      const known = map ?? attributes?.find(({ baseName }) => baseName === key)?.type;
      return known === undefined
        ? [`${path}.${key} is unknown to ${type}`]
        : problemsOf(value, known, `${path}.${key}`);
    });
  }
  return isOfType(object, type) ? [] : [`${path} is ${JSON.stringify(object)} and no ${type}`];
}

/** The name of the type of a built-in kind: `V1DaemonSet`. */
export function typeOf({ apiVersion, kind }: { apiVersion: string; kind: string }): string | undefined {
  const version = apiVersion.split('/').at(-1) ?? '';
  const name = `${version[0]?.toUpperCase()}${version.slice(1)}${kind}`;
  return attributesOf(name) === undefined ? undefined : name;
}

function attributesOf(type: string): readonly Attribute[] | undefined {
  const model = (models as Record<string, unknown>)[type];
  if (typeof model !== 'function' || !('attributeTypeMap' in model)) return undefined;
  return model.attributeTypeMap as readonly Attribute[];
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'any') return true;
  if (type === 'IntOrString') return typeof value === 'string' || Number.isInteger(value);
  if (type === 'Set<string>') return Array.isArray(value);
  if (['string', 'number', 'boolean'].includes(type)) return typeof value === type;
  throw new Error(`the type ${type} is not expected in a chart`);
}
