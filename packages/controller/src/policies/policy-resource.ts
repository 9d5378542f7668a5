import { isDeepStrictEqual } from 'node:util';
import {
  API_VERSION,
  type CheckpointRetentionPolicy,
  GROUP,
  KIND,
  PLURAL,
  type PolicyStatus,
  VERSION,
} from '@checkpoint-warden/api';
import type { KubeObject, Resource } from '@checkpoint-warden/kube';

/** A policy object as the API server has it: not judged, so its spec may be anything that the CRD lets through. */
export interface PolicyResource extends KubeObject {
  readonly spec?: unknown;
  readonly status?: PolicyStatus;
}

export const POLICIES: Resource<PolicyResource> = {
  group: GROUP,
  version: VERSION,
  plural: PLURAL,
  kind: KIND,
  namespaced: false,
};

/** What the controller keeps of a policy object. */
export interface KnownPolicy {
  readonly object: CheckpointRetentionPolicy;
  readonly uid: string;
  readonly generation: number;
  readonly status: PolicyStatus | undefined;
}

/**
 * Makes what takes from a policy object all that is needed of it. Its spec keeps the type that only `validateObject` can prove,
 * which `resolvePolicies` asks before anything reads it. As long as only the status changes, `object` stays the same one.
 *
 * @param known - what is kept of the object of this name so far
 */
export function createPolicySlimmer(
  known: (name: string) => KnownPolicy | undefined,
): (policy: PolicyResource) => KnownPolicy {
  return (policy) => {
    const next = slimPolicy(policy);
    const before = known(policy.metadata.name);
    // The generation does not tell: a restore of etcd may give the same one to another spec.
    const isSame =
      before !== undefined &&
      before.uid === next.uid &&
      before.generation === next.generation &&
      isDeepStrictEqual(before.object, next.object);
    return isSame ? { ...next, object: before.object } : next;
  };
}

function slimPolicy({ metadata, spec, status }: PolicyResource): KnownPolicy {
  const { name, creationTimestamp, uid = '', generation = 0 } = metadata;
  return {
    object: {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name, ...(creationTimestamp === undefined ? {} : { creationTimestamp }) },
      spec,
    } as CheckpointRetentionPolicy,
    uid,
    generation,
    status,
  };
}
