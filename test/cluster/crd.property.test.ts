import { API_VERSION, KIND, validateObject } from '@checkpoint-warden/api';
import { policySpecArbitrary } from '@checkpoint-warden/api/testing/policy-arbitrary';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import type { ApiClient } from './api-client.ts';
import { messageOf, tryPolicy } from './policies-api.ts';
import { sharedApiServer } from './shared-api-server.ts';

const NUM_RUNS = process.env.WARDEN_DEV_LONG === '1' ? 5_000 : 400;
const TIMEOUT_MS = NUM_RUNS * 200;

let api: ApiClient;
beforeAll(async () => {
  api = await sharedApiServer();
});

it('the API server takes every valid policy', { timeout: TIMEOUT_MS }, async () => {
  await fc.assert(
    fc.asyncProperty(policySpecArbitrary, async (spec) => {
      expect(messageOf(await tryPolicy(api, objectWith(spec)))).toBe('');
    }),
    { numRuns: NUM_RUNS },
  );
});

it('the API server takes a policy with something changed exactly when validateObject does', {
  timeout: TIMEOUT_MS,
}, async () => {
  const taken = { yes: 0, no: 0 };
  await fc.assert(
    fc.asyncProperty(changedSpec, async (spec) => {
      const object = objectWith(spec);
      const problems = validateObject(object);
      const response = await tryPolicy(api, object);
      const told = { problems, apiServer: messageOf(response) };
      expect(response.status === 201, JSON.stringify(told)).toBe(problems.length === 0);
      taken[problems.length === 0 ? 'yes' : 'no'] += 1;
    }),
    { numRuns: NUM_RUNS },
  );
  // Both kinds are met often, or the comparison would be of little worth.
  expect(taken.yes).toBeGreaterThan(NUM_RUNS / 20);
  expect(taken.no).toBeGreaterThan(NUM_RUNS / 20);
});

function objectWith(spec: unknown): unknown {
  return { apiVersion: API_VERSION, kind: KIND, metadata: { name: 'default' }, spec };
}

/** Text that is, or is nearly, one of the things that a policy holds. */
const nearly = fc.oneof(
  fc.stringMatching(/^[+-]?[0-9]{0,8}[.]?[0-9]{0,3}([eE][+-]?[0-9]{1,3})?(k|K|M|G|Ki|Mi|Gi|Ei|B|m|%)?$/),
  fc.stringMatching(/^([0-9]{1,6}w)?([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$/),
  fc.stringMatching(/^[a-zA-Z0-9*._ -]{0,8}$/),
  fc.constantFrom(
    'Enforce',
    'Audit',
    'Cluster',
    'Node',
    'a'.repeat(64),
    '9'.repeat(33),
    '0',
    '٣',
    'é',
    '1Mi\n',
  ),
);
const numbers = fc.oneof(
  fc.integer({ min: -2, max: 110 }),
  fc.constantFrom(2 ** 31, 2 ** 53 - 1, 10.5, 1e21),
);
// Not null, which the API server drops.
const junk = fc.oneof(nearly, numbers, fc.boolean(), fc.constantFrom([], {}, ['1Gi'], { a: 'b' }));

/** A valid spec in which one field, however deep, has another value, is gone, or has a new neighbour. */
const changedSpec = fc
  .tuple(policySpecArbitrary, fc.nat(), fc.constantFrom('replace', 'replace', 'remove', 'add'), junk)
  .map(([spec, pick, change, value]) => {
    const copy: unknown = structuredClone(spec);
    const places = placesIn(copy);
    const place = places[pick % places.length];
    if (place === undefined) return copy;
    const { holder, key } = place;
    if (change === 'replace') Reflect.set(holder, key, value);
    else if (change === 'remove' && Array.isArray(holder)) holder.splice(Number(key), 1);
    else if (change === 'remove') Reflect.deleteProperty(holder, key);
    else if (Array.isArray(holder)) holder.push(structuredClone(holder[0]));
    else Reflect.set(holder, 'keepLast', value);
    return copy;
  });

interface Place {
  readonly holder: object;
  readonly key: string;
}

/** Every field and every entry of a list. */
function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [{ holder: value, key }, ...placesIn(inner)]);
}
