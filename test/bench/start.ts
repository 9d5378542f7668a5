import { join } from 'node:path';
import { PLENTY, startAgentProcess, writePolicyFile } from './agent-process.ts';
import type { Bench } from './bench.ts';

/** Starts an agent, which scans, and stops it. @returns how long the scan took, ms */
export async function scanOf(bench: Bench, checkpointDir: string, stateDir: string): Promise<number> {
  const policyFile = writePolicyFile(bench.directory('files'), PLENTY);
  const agent = await startAgentProcess(bench, { checkpointDir, stateDir, policyFile });
  await agent.stop();
  return agent.firstScanMs;
}

/** The same without our code. */
export async function bareScan(bench: Bench, directory: string, what: 'stat' | 'headers'): Promise<number> {
  const bare = bench.node(join(import.meta.dirname, 'floors/scan.ts'), directory, what);
  const line = await bare.nextLine('took ');
  await bare.ended;
  return Number(line.split(' ')[1]);
}

/** How many archives a start opens, counted where Node's `fs` is called. */
export async function archivesOpened(bench: Bench, checkpointDir: string, stateDir: string): Promise<number> {
  const policyFile = writePolicyFile(bench.directory('files'), PLENTY);
  const files = { checkpointDir, stateDir, policyFile };
  const agent = await startAgentProcess(bench, files, [
    '--import',
    join(import.meta.dirname, 'preload-open-count.mjs'),
  ]);
  const counted = agent.nextLine('archives opened: ');
  await agent.stop();
  return Number((await counted).split(': ')[1]);
}
