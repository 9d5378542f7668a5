import { API_VERSION, KIND } from '@checkpoint-warden/api';
import { describe, expect, it } from 'vitest';
import { createPolicySlimmer, type KnownPolicy } from './policy-resource.ts';

const slimPolicy = createPolicySlimmer(() => undefined);

describe('what is kept of a policy', () => {
  it('keeps what precedence, status and compiling need, and nothing that changes without meaning', () => {
    const metadata = {
      name: 'default',
      uid: 'u',
      generation: 4,
      resourceVersion: '99',
      creationTimestamp: '2026-01-01T00:00:00Z',
    };
    expect(slimPolicy({ metadata, spec: { mode: 'Audit' }, status: { observedGeneration: 3 } })).toEqual({
      object: {
        apiVersion: API_VERSION,
        kind: KIND,
        metadata: { name: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
        spec: { mode: 'Audit' },
      },
      uid: 'u',
      generation: 4,
      status: { observedGeneration: 3 },
    });
  });

  it('takes an object without a spec as it is: judging it is somebody else’s business', () => {
    expect(slimPolicy({ metadata: { name: 'empty' } }).object.spec).toBeUndefined();
  });
});

it('is the same object while only the status changes, and another one with the spec', () => {
  let known: KnownPolicy | undefined;
  const slimmer = createPolicySlimmer((name) => (name === 'a' ? known : undefined));
  const slim = (policy: Parameters<typeof slimmer>[0]) => {
    known = slimmer(policy);
    return known;
  };
  const metadata = { name: 'a', uid: 'u', generation: 1 };
  const first = slim({ metadata, spec: { mode: 'Audit' } });
  const echo = slim({ metadata, spec: { mode: 'Audit' }, status: { observedGeneration: 1 } });
  expect(echo.object).toBe(first.object);
  expect(echo.status).toEqual({ observedGeneration: 1 });
  // As after a restore of etcd.
  const other = slim({ metadata, spec: { mode: 'Enforce' } });
  expect(other.object.spec).toEqual({ mode: 'Enforce' });
  expect(slim({ metadata: { ...metadata, generation: 2 }, spec: {} }).object).not.toBe(first.object);
  expect(slim({ metadata: { ...metadata, uid: 'v' }, spec: {} }).object).not.toBe(first.object);
});

it('holds on to nothing that is not known any more', () => {
  const known = new Map<string, KnownPolicy>();
  const slim = createPolicySlimmer((name) => known.get(name));
  const policy = { metadata: { name: 'a', uid: 'u', generation: 1 }, spec: {} };
  const first = slim(policy);
  known.set('a', first);
  expect(slim(policy).object).toBe(first.object);
  known.delete('a');
  expect(slim(policy).object).not.toBe(first.object);
});
