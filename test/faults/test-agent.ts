import { join } from 'node:path';
import {
  type AuditIntent,
  makeSandbox,
  openAuditLog,
  type RunningAgent,
  type Sandbox,
  type StartOptions,
  startAgent,
  until,
} from '@checkpoint-warden/agent/testing';
import { systemClock } from '@checkpoint-warden/kit';
import { afterEach, beforeEach } from 'vitest';

const CLEAN_UP_MS = 60_000;

/** A sandbox for each test, and the agent on it. */
export interface TestAgent {
  readonly sandbox: Sandbox;
  start(options?: StartOptions): Promise<RunningAgent>;
  stop(): Promise<void>;
}

/** Gives each test of a file a sandbox of its own; agent and sandbox end with the test. */
export function useTestAgent(make: () => Sandbox = makeSandbox): TestAgent {
  let sandbox: Sandbox | undefined;
  let running: RunningAgent | undefined;

  const stop = async () => {
    const last = running;
    running = undefined;
    await last?.stop();
  };
  beforeEach(() => {
    sandbox = make();
  });
  afterEach(async () => {
    try {
      await stop();
    } finally {
      sandbox?.remove();
    }
  }, CLEAN_UP_MS);
  return {
    get sandbox() {
      if (sandbox === undefined) throw new Error('a sandbox lives as long as a test');
      return sandbox;
    },
    async start(options) {
      running = await startAgent(this.sandbox, options);
      return running;
    },
    stop,
  };
}

/** Lets everything that is on its way come through: a scan that began after now has ended, with its deletions. */
export async function settled({ agent }: RunningAgent): Promise<void> {
  for (let scans = 0; scans < 2; scans++) {
    const before = agent.status().lastScan;
    agent.rescan();
    await until('another scan is done', () => agent.status().lastScan !== before);
  }
}

/**
 * Leaves intents in the audit log as an agent does that dies right after it has announced them. None may run: it would settle
 * them at its next scan.
 */
export function leaveIntents({ stateDir }: Sandbox, intents: readonly AuditIntent[]): void {
  const onDamage = (found: object) => {
    throw new Error(`the audit log is damaged: ${JSON.stringify(found)}`);
  };
  const log = openAuditLog(join(stateDir, 'audit'), { clock: systemClock, onDamage });
  log.append(intents);
  log.close();
}
