export {
  type ArchivesPage,
  ArchivesPageSchema,
  type ArchivesQuery,
  ArchivesQuerySchema,
  type WireArchive,
} from './agent-api/archives.ts';
export { type DeletionsPage, DeletionsPageSchema, DeletionsQuerySchema } from './agent-api/deletions.ts';
export type { WireEpoch } from './agent-api/epoch.ts';
export { ExplanationParamsSchema, ExplanationSchema, type WireExplanation } from './agent-api/explanation.ts';
export {
  type GroupArchive,
  type GroupsPage,
  GroupsPageSchema,
  type GroupsQuery,
  GroupsQuerySchema,
  MAX_GROUPS_ASKED,
  MAX_NEWEST,
  type NewestAnswer,
  NewestAnswerSchema,
  type NewestRequest,
  NewestRequestSchema,
} from './agent-api/groups.ts';
export {
  formatMoment,
  MOMENT_HEADER,
  type Moment,
  OWNER_FACTS_FRESH_MS,
  parseMoment,
} from './agent-api/moment.ts';
export {
  type OwnersPage,
  OwnersPageSchema,
  type OwnersPush,
  OwnersPushSchema,
  type OwnersQuery,
  OwnersQuerySchema,
} from './agent-api/owners.ts';
export {
  DELETE_REASONS,
  type PlanQuery,
  PlanQuerySchema,
  type PlanRequest,
  PlanRequestSchema,
  type PlanResponse,
  PlanResponseSchema,
  type WireVerdict,
} from './agent-api/plan.ts';
export { type PolicyPush, PolicyPushSchema } from './agent-api/policy-push.ts';
export {
  CONFIRMS_HEADER,
  type Confirmation,
  changedGroups,
  formatConfirmation,
  parseConfirmation,
  REMOTE_ARCHIVES_FRESH_MS,
  RemoteArchivesInForceSchema,
  type RemoteArchivesPush,
  RemoteArchivesPushSchema,
  type RemoteGroup,
  remoteGroupName,
  type WireRemoteArchivesInForce,
} from './agent-api/remote-archives.ts';
export {
  MAX_POLICY_SUMS,
  OwnersInForceSchema,
  PolicyInForceSchema,
  type State,
  StateSchema,
  type WireOwnersInForce,
  type WirePolicyInForce,
} from './agent-api/state.ts';
export { fromWireTime, toWireTime } from './agent-api/wire-time.ts';
export { type Check, checkOf } from './check-of.ts';
export { collectProblems } from './collect-problems.ts';
export {
  type CompiledObject,
  type CompiledPolicySet,
  type Conflict,
  compile,
  type PolicyNode,
  type Useless,
} from './compile.ts';
export { type CompiledPolicy, CompiledPolicySchema, parseCompiledPolicy } from './compiled-policy.ts';
export { crdManifest, crdYaml } from './crd.ts';
export { didYouMean } from './did-you-mean.ts';
export { formatProblems } from './format-problems.ts';
export { type FreeSpace, parseFreeSpace } from './free-space.ts';
export { policyHash } from './policy-hash.ts';
export {
  API_VERSION,
  type CheckpointRetentionPolicy,
  CheckpointRetentionPolicySchema,
  GROUP,
  KIND,
  PLURAL,
  VERSION,
} from './policy-object.ts';
export { type PolicySpec, PolicySpecSchema } from './policy-spec.ts';
export { type PolicyCondition, type PolicyStatus, PolicyStatusSchema } from './policy-status.ts';
export { type FileProblem, readPolicyText } from './read-policy-text.ts';
export { ruleHashesIn } from './rule-hash.ts';
export { validateObject } from './validate-object.ts';
