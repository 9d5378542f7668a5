import {
  type MemoryAgent,
  type MemoryDisk,
  makeMemoryAgent,
  memoryDisk,
  type SeededRandom,
} from '@checkpoint-warden/agent/testing';
import { AppError } from '@checkpoint-warden/errors';
import { createLogger } from '@checkpoint-warden/kit';
import type { MachineClock } from './virtual-clock.ts';

const SCAN_MS = 60_000;
const QUIET_MS = 20_000;

type Hooks = NonNullable<Parameters<typeof makeMemoryAgent>[0]['hooks']>;

/** A node: its disk, its clock, and the agent on it while one runs. */
export interface AgentNode {
  readonly name: string;
  readonly disk: MemoryDisk;
  readonly clock: MachineClock;
  /** Host of the agent's URL. */
  host: string;
  agent: MemoryAgent | undefined;
  /** What cannot be written at present. */
  readonly full: { control: boolean; audit: boolean };
  /** Intents in the audit log, by file. */
  readonly intents: Set<string>;
  /** When the wall clock of the running agent last stepped, monotonic ms. */
  steppedMs: number;
}

const log = createLogger({ level: 'silent', terminal: false });

export function createAgentNode(name: string, clock: MachineClock, host: string): AgentNode {
  const disk = memoryDisk(clock);
  const full = { control: false, audit: false };
  const unlessFull = <T>(stored: { load(): T | undefined; save(value: T): void }) => ({
    load: () => stored.load(),
    save(value: T) {
      if (full.control)
        throw new AppError('CW_ERR_STATE_UNWRITABLE', 'ENOSPC: no space left on device', { retryable: true });
      stored.save(value);
    },
  });
  const control = {
    policy: unlessFull(disk.control.policy),
    owners: unlessFull(disk.control.owners),
    remoteArchives: unlessFull(disk.control.remoteArchives),
  };
  return {
    name,
    disk: { ...disk, control },
    clock,
    host,
    agent: undefined,
    full,
    intents: new Set(),
    steppedMs: Number.NEGATIVE_INFINITY,
  };
}

/** Starts the agent of a node, as after a reboot or a rollout. */
export function startAgent(node: AgentNode, random: SeededRandom, hooks: Hooks): void {
  node.steppedMs = Number.NEGATIVE_INFINITY;
  node.agent = makeMemoryAgent({
    node: node.name,
    clock: node.clock,
    random: random.next,
    disk: node.disk,
    scanIntervalMs: SCAN_MS,
    quietPeriodMs: QUIET_MS,
    hooks,
    log,
  });
}
