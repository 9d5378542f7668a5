import type { Owner } from '@checkpoint-warden/policy';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ownerArbitrary } from '../testing/arbitraries.ts';
import { identify } from './identify.ts';

/** Half of the time the true owner, else another one: often one whose joined name is the same but split elsewhere. */
const claims = ownerArbitrary.chain((owner) => {
  const joined = `${owner.namespace}-${owner.container}`;
  const splits = [...joined.matchAll(/-/g)].map(({ index }) => ({
    ...owner,
    namespace: joined.slice(0, index),
    container: joined.slice(index + 1),
  }));
  const claim = fc.oneof(
    fc.constant(owner),
    fc.constantFrom({ ...owner, pod: 'other' }, ...splits),
    ownerArbitrary,
  );
  return fc.record({ owner: fc.constant(owner), inName: claim, inKeys: claim, inLabels: claim });
});

const text = fc.oneof(fc.string(), fc.constantFrom('cri-o', 'libpod', 'k8s', '', '_', '__proto__'));
const noise = fc.dictionary(text, fc.oneof(text, fc.jsonValue()), { maxKeys: 3 });

function metadataOf(inName: Owner, inKeys: Owner, inLabels: Owner, isCrio: boolean) {
  const prefix = isCrio ? 'k8s_' : '';
  return {
    config: { name: `${prefix}${inName.container}_${inName.pod}_${inName.namespace}_uid-1_0` },
    annotations: {
      'io.kubernetes.cri.sandbox-namespace': inKeys.namespace,
      'io.kubernetes.cri.sandbox-name': inKeys.pod,
      'io.kubernetes.cri.container-name': inKeys.container,
      'io.kubernetes.cri-o.Labels': JSON.stringify({
        'io.kubernetes.pod.namespace': inLabels.namespace,
        'io.kubernetes.pod.name': inLabels.pod,
        'io.kubernetes.container.name': inLabels.container,
      }),
      ...(isCrio && { 'io.container.manager': 'cri-o' }),
    },
  };
}

it('never gives an archive to an owner whose names are not those of the file name', () => {
  fc.assert(
    fc.property(
      claims,
      fc.boolean(),
      noise,
      noise,
      ({ owner, inName, inKeys, inLabels }, isCrio, configNoise, annotationNoise) => {
        const name = { pod: owner.pod, joined: `${owner.namespace}-${owner.container}`, createdAtMs: 0 };
        const { config, annotations } = metadataOf(inName, inKeys, inLabels, isCrio);
        const identity = identify(name, {
          config: { ...config, ...configNoise },
          spec: { annotations: { ...annotations, ...annotationNoise } },
        });
        if (identity.owner === undefined) return;
        expect(identity.owner.pod).toBe(name.pod);
        expect(`${identity.owner.namespace}-${identity.owner.container}`).toBe(name.joined);
      },
    ),
    { numRuns: 2000 },
  );
});

it('gives an archive to its true owner whatever the keys of the other runtime say', () => {
  fc.assert(
    fc.property(claims, fc.boolean(), ({ owner, inKeys, inLabels }, isCrio) => {
      const name = { pod: owner.pod, joined: `${owner.namespace}-${owner.container}`, createdAtMs: 0 };
      const { config, annotations } = isCrio
        ? metadataOf(owner, inKeys, owner, true)
        : metadataOf(owner, owner, inLabels, false);
      const identity = identify(name, { config, spec: { annotations } });
      expect(identity.owner).toEqual({ ...owner, podUid: 'uid-1' });
    }),
  );
});
