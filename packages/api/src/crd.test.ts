import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { crdManifest, crdYaml } from './crd.ts';

type Json = Readonly<Record<string, unknown>>;

const schema = JSON.parse(JSON.stringify(crdManifest())).spec.versions[0].schema.openAPIV3Schema as Json;

/** Every schema inside a schema with its path, itself included. */
function schemasIn(at: Json, path = ''): [path: string, schema: Json][] {
  const properties = Object.entries((at.properties ?? {}) as Record<string, Json>);
  return [
    [path, at],
    ...properties.flatMap(([name, property]) => schemasIn(property, `${path}.${name}`)),
    ...(at.items === undefined ? [] : schemasIn(at.items as Json, `${path}[]`)),
  ];
}

describe('the CRD', () => {
  it('is the same as YAML', () => {
    expect(parse(crdYaml())).toEqual(JSON.parse(JSON.stringify(crdManifest())));
  });

  it('describes every field for kubectl explain', () => {
    const silent = schemasIn(schema).filter(
      ([path, { description }]) => !description && path !== '.metadata',
    );
    // Entries of a list are described by the list as well.
    expect(silent.map(([path]) => path)).toEqual([]);
  });

  it('holds nothing that a structural schema may not hold', () => {
    const words = JSON.stringify(schema);
    for (const word of [
      '$ref',
      '"additionalProperties":false',
      '"const"',
      '"~',
      'x-reference',
      'x-form',
      'patternProperties',
    ]) {
      expect(words).not.toContain(word);
    }
  });

  it('bounds every string and list of the spec, so that the cost of its rules stays bounded', () => {
    const unbounded = schemasIn((schema.properties as Record<string, Json>).spec ?? {}, 'spec').filter(
      ([, { type, maxLength, maxItems, enum: values, anyOf }]) =>
        ((type === 'string' || anyOf !== undefined) && values === undefined && maxLength === undefined) ||
        (type === 'array' && maxItems === undefined),
    );
    expect(unbounded.map(([path]) => path)).toEqual([]);
  });

  it('says a default where one is filled in', () => {
    for (const [path, { default: fallback, description }] of schemasIn(schema)) {
      if (fallback !== undefined) expect(description, path).toContain(`Default: ${fallback}.`);
    }
  });
});
