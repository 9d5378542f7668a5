import {
  API_VERSION,
  type CheckpointRetentionPolicy,
  type CompiledPolicy,
  compile,
  KIND,
  policyHash,
} from '@checkpoint-warden/api';
import type { ApiClient } from '../cluster/api-client.ts';
import { POLICIES_PATH } from '../cluster/policies-api.ts';
import { REAL_RULES } from './real-agents.ts';

const NAME = 'default';
const DRY_RUN = '?dryRun=All';
const NAMESPACE_LIMIT = { maxCheckpointsPerNamespace: 60 };

/** A policy as a cluster may have one: 63 rules. Editing it changes one limit. */
export interface ScalePolicy {
  /** @returns what nodes enforce then */
  create(): Promise<Compiled>;
  /** What nodes will enforce after the next `edit`. */
  nextEdit(): Promise<Compiled>;
  edit(): Promise<void>;
  /** What nodes will enforce after `limitNamespaces`. */
  nextLimit(): Promise<Compiled>;
  /** Gives every namespace a limit that is below what lies there. Editing it deletes nothing. */
  limitNamespaces(): Promise<void>;
}

export interface Compiled {
  readonly hash: string;
  readonly policy: CompiledPolicy;
}

export function scalePolicy(api: ApiClient): ScalePolicy {
  let edits = 0;
  const patch = (query: string, globalPolicy: object) =>
    api.send(
      'PATCH',
      `${POLICIES_PATH}/${NAME}${query}`,
      { spec: { globalPolicy } },
      'application/merge-patch+json',
    );
  const apply = async (globalPolicy: object) => {
    const { status, body } = await patch('', globalPolicy);
    if (status !== 200) throw new Error(`the policy cannot be edited: ${JSON.stringify(body)}`);
  };
  const nextEdit = () => ({ maxCheckpointsPerPod: 31 + edits });
  return {
    create: async () =>
      compiledOf(
        await api.send('POST', POLICIES_PATH, {
          apiVersion: API_VERSION,
          kind: KIND,
          metadata: { name: NAME },
          spec: SPEC,
        }),
      ),
    nextEdit: async () => compiledOf(await patch(DRY_RUN, nextEdit())),
    async edit() {
      await apply(nextEdit());
      edits += 1;
    },
    nextLimit: async () => compiledOf(await patch(DRY_RUN, NAMESPACE_LIMIT)),
    limitNamespaces: () => apply(NAMESPACE_LIMIT),
  };
}

function compiledOf({ status, body }: { status: number; body: unknown }): Compiled {
  if (status >= 300) throw new Error(`the policy is refused: ${JSON.stringify(body)}`);
  const { metadata, spec } = body as CheckpointRetentionPolicy;
  const { name, creationTimestamp } = metadata;
  const object: CheckpointRetentionPolicy = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name, ...(creationTimestamp === undefined ? {} : { creationTimestamp }) },
    spec,
  };
  const { policy } = compile([object], { labels: {} });
  return { policy: policy as CompiledPolicy, hash: policyHash(policy) };
}

const SPEC = {
  orphanGracePeriod: '0s',
  globalPolicy: { retainOrphan: false, maxCheckpointsPerPod: 30, maxTotalSizePerNamespace: '1Ti' },
  namespacePolicies: [
    ...Array.from({ length: 30 }, (_, index) => ({
      namespace: `team-${index}`,
      retainOrphan: false,
      maxCheckpoints: 200,
      maxTotalSize: '500Gi',
      maxCheckpointAge: '7d',
    })),
    ...REAL_RULES,
  ],
  podPolicies: Array.from({ length: 30 }, (_, index) => ({
    namespace: `team-${index}`,
    pod: 'service-1-*',
    retainOrphan: false,
    maxCheckpoints: 6,
    maxCheckpointSize: '2Gi',
  })),
};
