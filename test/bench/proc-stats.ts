import { readFileSync } from 'node:fs';

/** What the kernel says of a process. */
export interface ProcStats {
  readonly rssMib: number;
  /** User and system time so far. */
  readonly cpuMs: number;
  /** Bytes that its read calls have returned, from whatever. */
  readonly readBytes: number;
}

/** `sysconf(_SC_CLK_TCK)` is 100 on every Linux that Node runs on. */
const MS_PER_TICK = 10;

/** @see proc(5): `status`, `stat`, `io` */
export function readProcStats(pid: number): ProcStats {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field, the command, may hold blanks; the third follows the last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [userTicks, systemTicks] = [Number(fields[11]), Number(fields[12])];
  return {
    rssMib: numberAfter('VmRSS:', readFileSync(`/proc/${pid}/status`, 'utf8')) / 1024,
    cpuMs: (userTicks + systemTicks) * MS_PER_TICK,
    readBytes: numberAfter('rchar:', readFileSync(`/proc/${pid}/io`, 'utf8')),
  };
}

function numberAfter(label: string, text: string): number {
  const start = text.indexOf(label) + label.length;
  return Number.parseInt(text.slice(start), 10);
}
