import type { Resource } from './resource.ts';

/** What of a resource a path leads to: all of it, one namespace, one object, or a part of one object. */
export interface ResourceTarget {
  readonly namespace?: string | undefined;
  readonly name?: string;
  readonly subresource?: 'status';
}

/** Parameters that are `undefined` are left out. */
export type PathQuery = Readonly<Record<string, string | number | boolean | undefined>>;

/** @see https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris */
export function resourcePath(
  { group, version, plural, namespaced }: Resource,
  { namespace, name, subresource }: ResourceTarget,
  query: PathQuery = {},
): string {
  const segments = [
    ...(group === '' ? ['api', version] : ['apis', group, version]),
    ...(namespaced && namespace !== undefined ? ['namespaces', namespace] : []),
    plural,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    if (value !== undefined) parameters.set(key, String(value));
  const search = parameters.toString();
  return `/${segments.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
}
