export { archives, CONTAINERS, NAMESPACES, owners, PODS } from './testing/arbitrary-archive.ts';
export { nodeRules, policies, rules } from './testing/arbitrary-policy.ts';
export { NOW_MS, type Scene, scenes, toPlanInput } from './testing/arbitrary-scene.ts';
export { makeArchive, makeOwner, makePlanInput, makeRule } from './testing/make-plan-input.ts';
export { referencePlan } from './testing/reference-planner.ts';
