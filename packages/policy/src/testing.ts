export { archives, CONTAINERS, NAMESPACES, owners, PODS } from './testing/arbitrary-archive.ts';
export {
  ALL_EVENTS,
  nodeNames,
  play,
  type Story,
  settle,
  stories,
  syncAll,
  type Weights,
} from './testing/arbitrary-cluster.ts';
export { nodeRules, policies, rules } from './testing/arbitrary-policy.ts';
export { NOW_MS, type Scene, scenes, toPlanInput } from './testing/arbitrary-scene.ts';
export {
  type Breaks,
  type Cluster,
  createCluster,
  datedOf,
  FRESH_TICKS,
  type ModelDeletion,
  ruleText,
} from './testing/cluster-model.ts';
export { makeArchive, makeOwner, makePlanInput, makeRule } from './testing/make-plan-input.ts';
export { referencePlan } from './testing/reference-planner.ts';
