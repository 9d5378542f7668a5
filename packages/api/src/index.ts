export { collectProblems } from './collect-problems.ts';
export {
  type CompiledObject,
  type CompiledPolicySet,
  type Conflict,
  compile,
  type PolicyNode,
} from './compile.ts';
export { type CompiledPolicy, CompiledPolicySchema, parseCompiledPolicy } from './compiled-policy.ts';
export { crdManifest, crdYaml } from './crd.ts';
export { didYouMean } from './did-you-mean.ts';
export { formatProblems } from './format-problems.ts';
export { type FreeSpace, parseFreeSpace } from './free-space.ts';
export { nearest } from './nearest.ts';
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
export { validateObject } from './validate-object.ts';
