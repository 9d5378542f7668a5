import Type, { type Static } from 'typebox';
import { PolicySpecSchema } from './policy-spec.ts';
import { PolicyStatusSchema } from './policy-status.ts';

export const GROUP = 'checkpoint-warden.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}` as const;
export const KIND = 'CheckpointRetentionPolicy';
export const PLURAL = 'checkpointretentionpolicies';

const MetadataSchema = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 253,
      pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$',
      'x-form':
        'a name: lower-case letters, digits, "-" and ".", with a letter or digit at each end (a DNS subdomain)',
      examples: ['default'],
    }),
    creationTimestamp: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  },
  // Everything else in metadata is Kubernetes' own.
  { additionalProperties: true },
);

/**
 * The custom resource, as one schema: the type, the validator of policy files, and (by `crdManifest`) what the API server
 * checks.
 */
export const CheckpointRetentionPolicySchema = Type.Object(
  {
    apiVersion: Type.Literal(API_VERSION),
    kind: Type.Literal(KIND),
    metadata: MetadataSchema,
    spec: PolicySpecSchema,
    status: Type.Optional(PolicyStatusSchema),
  },
  { additionalProperties: false },
);

/** A `CheckpointRetentionPolicy` object, from the API server or a file. */
export type CheckpointRetentionPolicy = Static<typeof CheckpointRetentionPolicySchema>;
