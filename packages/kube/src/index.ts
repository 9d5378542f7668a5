export { createKubeApi, type KubeApiOptions } from './client-node-api.ts';
export type { EventRecord } from './events/event-object.ts';
export {
  createEventRecorder,
  type EventRecorder,
  type EventRecorderOptions,
} from './events/event-recorder.ts';
export { formatKey } from './format-key.ts';
export type {
  KubeApi,
  ListPage,
  ListQuery,
  ObjectKey,
  Selection,
  WatchEvent,
  WatchQuery,
} from './kube-api.ts';
export { KubeError, type KubeFailure } from './kube-error.ts';
export type { Leadership, WentBack } from './lease/leadership.ts';
export { createElector, type Elector, type ElectorOptions } from './lease/lease-elector.ts';
export { compareLeaseEpochs, type LeaseEpoch } from './lease-epoch.ts';
export * from './objects.ts';
export { createReflector, type Reflector, type ReflectorOptions, type RestartReason } from './reflector.ts';
export { EVENTS, LEASES, NODES, PODS, type Resource, resourceName, SECRETS } from './resource.ts';
export { compareResourceVersions } from './resource-version.ts';
