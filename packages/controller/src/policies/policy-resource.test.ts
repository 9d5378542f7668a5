import { API_VERSION, KIND } from '@checkpoint-warden/api';
import { describe, expect, it } from 'vitest';
import { slimPolicy } from './policy-resource.ts';

describe('slimPolicy', () => {
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
