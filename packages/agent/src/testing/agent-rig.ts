import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { compile, policyHash, readPolicyText } from '@checkpoint-warden/api';
import { type Clock, createLogger, Registry, systemClock } from '@checkpoint-warden/kit';
import type { Policy } from '@checkpoint-warden/policy';
import { type AssembledAgent, assembleAgent } from '../assemble-agent.ts';
import type { AuditEntry } from '../state/audit-entry.ts';
import { archiveFileName, writeArchive } from './build-archive.ts';
import type { CheckpointSpec } from './checkpoint-members.ts';

/** A checkpoint directory and a state directory of one's own, gone with `remove`. */
export interface Sandbox {
  readonly checkpointDir: string;
  readonly stateDir: string;
  /** File names in the checkpoint directory, sorted. */
  list(): string[];
  /** Writes an archive of a container as of a time. Returns its file name. */
  write(spec: CheckpointSpec, createdAt: Date): string;
  remove(): void;
}

/** @param parent - directory that it is made in */
export function makeSandbox(parent = tmpdir()): Sandbox {
  const root = mkdtempSync(join(parent, 'checkpoint-warden-'));
  const checkpointDir = join(root, 'checkpoints');
  mkdirSync(checkpointDir);
  return {
    checkpointDir,
    stateDir: join(root, 'state'),
    list: () => readdirSync(checkpointDir).sort(),
    write(spec, createdAt) {
      const name = archiveFileName(spec, createdAt);
      writeArchive(join(checkpointDir, name), spec);
      return name;
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** A policy from the spec of a policy object, in YAML. */
export function policyOf(spec: string): Policy {
  const indented = spec.replaceAll(/^/gm, '  ');
  const text = `apiVersion: checkpoint-warden.dev/v1alpha1\nkind: CheckpointRetentionPolicy\nmetadata: {name: default}\nspec:\n${indented}\n`;
  return compile(readPolicyText(text, 'test').objects).policy;
}

/** A real agent on a sandbox, running in this process. */
export interface RunningAgent extends AssembledAgent {
  /** Log lines so far, parsed. */
  readonly lines: readonly {
    readonly level: string;
    readonly msg: string;
    readonly [key: string]: unknown;
  }[];
  readonly registry: Registry;
  enforce(policy: Policy): void;
  deletions(): readonly AuditEntry[];
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly policy?: Policy;
  readonly clock?: Clock;
  readonly scanIntervalMs?: number;
  readonly quietPeriodMs?: number;
}

/** Starts an agent and waits until it is ready. */
export async function startAgent(
  sandbox: Sandbox,
  { policy, clock = systemClock, scanIntervalMs = 60_000, quietPeriodMs = 60_000 }: StartOptions = {},
): Promise<RunningAgent> {
  const lines: RunningAgent['lines'][number][] = [];
  const log = createLogger({
    level: 'debug',
    terminal: false,
    destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
  });
  const registry = new Registry();
  const assembled = assembleAgent({
    node: 'node-1',
    checkpointDir: sandbox.checkpointDir,
    stateDir: sandbox.stateDir,
    scanIntervalMs,
    quietPeriodMs,
    clock,
    log,
    registry,
  });
  let revision = 0;
  const enforce = (next: Policy): void =>
    assembled.agent.enforce({ policy: next, source: 'file', revision: ++revision, hash: policyHash(next) });
  if (policy !== undefined) enforce(policy);
  const stop = new AbortController();
  const ended = assembled.component.run(stop.signal);
  await until('the agent is ready', () => assembled.agent.status().ready);
  return {
    ...assembled,
    lines,
    registry,
    enforce,
    deletions: () => assembled.audit.read({ after: 0, limit: 1_000_000 }),
    async stop() {
      stop.abort();
      await ended;
    },
  };
}

/** Waits for a condition, and fails with its name when it does not come true in time. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  deadlineMs = 60_000,
): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!(await isTrue())) {
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await setTimeout(2);
  }
}
