import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import type { RunningProcess } from './process.ts';

/** The real agent in a process of its own. */
export interface AgentProcess extends RunningProcess {
  /** Duration of the first scan, as the agent reports it, ms. */
  readonly firstScanMs: number;
}

export interface AgentFiles {
  readonly checkpointDir: string;
  readonly stateDir: string;
  readonly policyFile: string;
}

/**
 * Starts the program's agent on a policy file, and waits until its first pass is over.
 *
 * @param nodeFlags - for Node, before the program
 */
export async function startAgentProcess(
  bench: Bench,
  files: AgentFiles,
  nodeFlags: readonly string[] = [],
): Promise<AgentProcess> {
  const { checkpointDir, stateDir, policyFile } = files;
  const args = ['--checkpoint-dir', checkpointDir, '--state-dir', stateDir, '--policy-file', policyFile];
  const command = [...nodeFlags, bench.program, 'agent', ...args, '--metrics-listen', '127.0.0.1:0'];
  const started = bench.node(...command);
  const line: { readonly durationMs: number } = JSON.parse(await started.nextLine('"first scan done"'));
  return { ...started, firstScanMs: line.durationMs };
}

/** What a policy keeps. */
export interface PolicyLimits {
  readonly perPod: number;
  /** Pods in a namespace: every tenth namespace has one limit for all of them. */
  readonly pods: number;
  readonly immediately?: boolean;
}

/** Keeps all that any dataset holds. */
export const PLENTY: PolicyLimits = { perPod: 1_000, pods: 1_000 };

/** Writes a policy file with rules at every level, each of which keeps so many archives of a pod. */
export function writePolicyFile(
  directory: string,
  { perPod, pods, immediately = false }: PolicyLimits,
): string {
  const path = join(directory, 'policy.yaml');
  writeFileSync(
    path,
    `apiVersion: checkpoint-warden.dev/v1alpha1
kind: CheckpointRetentionPolicy
metadata: {name: bench}
spec:
  applyPoliciesImmediately: ${immediately}
  globalPolicy:
    maxCheckpointsPerContainer: ${perPod}
    maxCheckpointsPerNamespace: 100000
    maxTotalSizePerNamespace: 1Pi
    maxCheckpointAge: 30d
    keepLast: 1
  namespacePolicies: [{namespace: team-*9, maxCheckpoints: ${perPod * pods}, maxCheckpointAge: 7d}]
  podPolicies: [{namespace: team-*8, pod: web-*, maxCheckpoints: ${perPod}, maxTotalSize: 1Pi}]
  containerPolicies: [{namespace: team-*7, pod: web-*, container: app, maxCheckpoints: ${perPod}, keepLast: 1}]
  nodePolicy: {maxTotalSize: 1Pi}
`,
  );
  return path;
}
