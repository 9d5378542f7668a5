export type { AuditIntent } from './state/audit-entry.ts';
export { openAuditLog } from './state/audit-log.ts';
export { type AgentProcess, killAgentProcesses, startAgentProcess } from './testing/agent-process.ts';
export {
  makeSandbox,
  policyOf,
  type RunningAgent,
  type Sandbox,
  type StartOptions,
  startAgent,
  until,
} from './testing/agent-rig.ts';
export { archiveFileName, buildArchive, writeArchive } from './testing/build-archive.ts';
export type { ServiceAnswer, ServiceCall } from './testing/call-service.ts';
export { type CheckpointSpec, checkpointMembers, type Runtime } from './testing/checkpoint-members.ts';
export { FIXTURE_DIR, FIXTURES } from './testing/fixtures.ts';
export {
  type MemoryAgent,
  type MemoryAgentHooks,
  type MemoryAgentOptions,
  makeMemoryAgent,
} from './testing/memory-agent.ts';
export { type MemoryDisk, memoryDisk } from './testing/memory-disk.ts';
export { type SeededRandom, seededRandom } from './testing/seeded-random.ts';
export {
  base256,
  END_OF_TAR,
  gnuLongName,
  packTar,
  paxHeader,
  type Stretch,
  sealHeader,
  stretchesOf,
  type TarMember,
} from './testing/tar-member.ts';
