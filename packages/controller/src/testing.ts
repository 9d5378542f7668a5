export { type ControllerOptions, type ControllerPorts, createController } from './controller.ts';
export { type LeaderOptions, type LeaderPorts, lead } from './lead.ts';
export { createControllerMetrics } from './metrics.ts';
export { createHoldRequest } from './owners/hold-request.ts';
export { HOLD_ORPHANS } from './owners/orphan-hold.ts';
export { POLICIES, type PolicyResource } from './policies/policy-resource.ts';
export { createTlsIssuer } from './tls/tls-issuer.ts';
