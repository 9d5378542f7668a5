import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { processesOf } from '../harness/processes-of.ts';
import { RELEASE } from '../harness/release.ts';
import type { TestCluster } from '../harness/test-cluster.ts';

/** What the pods of the release use, as `kubectl top` would show it; this cluster has no metrics server. */
export interface UsageWatch {
  /** Ends the watch, and gives a line for each pod. */
  end(): Promise<string[]>;
}

const INTERVAL_MS = 500;
/** Of Linux on all platforms that Node.js knows: `getconf CLK_TCK`. */
const TICKS_PER_SECOND = 100;

interface Used {
  readonly pod: string;
  readonly pid: number;
  readonly cpuAtFirst: number;
  readonly bytesAtFirst: number;
  mostBytes: number;
}

/** Begins to watch the processes of all pods of the release. */
export async function watchUsage(cluster: TestCluster): Promise<UsageWatch> {
  const names = await cluster.kubectl(['get', 'pods', `--namespace=${RELEASE}`, '--output=name']);
  const pods = names
    .trim()
    .split('\n')
    .map((name) => name.replace('pod/', ''));
  const used = await Promise.all(
    pods.map(async (pod): Promise<Used> => {
      const [pid = 0] = await processesOf(cluster, RELEASE, pod);
      const bytes = residentBytes(pid);
      return { pod, pid, cpuAtFirst: cpuSeconds(pid), bytesAtFirst: bytes, mostBytes: bytes };
    }),
  );
  const startedAt = performance.now();
  const stop = new AbortController();
  const watching = (async () => {
    while (!stop.signal.aborted) {
      for (const each of used) each.mostBytes = Math.max(each.mostBytes, residentBytes(each.pid));
      await wait(INTERVAL_MS, undefined, { signal: stop.signal }).catch(() => {}); // only the abort
    }
  })();
  return {
    async end() {
      stop.abort();
      await watching;
      const seconds = (performance.now() - startedAt) / 1_000;
      return used.map(({ pod, pid, cpuAtFirst, bytesAtFirst, mostBytes }) => {
        const cpu = cpuSeconds(pid) - cpuAtFirst;
        const millicores = ((1_000 * cpu) / seconds).toFixed(0);
        const mebibytes = [bytesAtFirst, mostBytes].map((bytes) => `${(bytes / 2 ** 20).toFixed(0)}Mi`);
        return `${pod}: CPU ${millicores}m over ${seconds.toFixed(0)} s (${cpu.toFixed(2)} s), memory ${mebibytes.join(' before, ')} at most`;
      });
    },
  };
}

/** Processor time that a process has used: fields 14 and 15 of proc_pid_stat(5), counted from behind the name. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function residentBytes(pid: number): number {
  const [, kibibytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}
