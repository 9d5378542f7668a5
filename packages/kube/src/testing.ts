export { type CrashableProcess, crashable } from './testing/crashable.ts';
export { type FaultProxy, type ProxyFault, startFaultProxy } from './testing/fault-proxy.ts';
export type { KubeCall, KubeFault, KubeFaults } from './testing/kube-faults.ts';
export {
  createMemoryApiServer,
  type MemoryApiServer,
  type MemoryApiServerOptions,
} from './testing/memory-kube-api.ts';
