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
 * Takes what is needed of a policy object. Its spec keeps the type that only `validateObject` can prove, which
 * `resolvePolicies` asks before anything reads it.
 */
export function slimPolicy({ metadata, spec, status }: PolicyResource): KnownPolicy {
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
