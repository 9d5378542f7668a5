import { readFileSync } from 'node:fs';

/**
 * Whether a process runs. One that has ended stays in the table of processes until its parent asks how it ended, and the first
 * process of a container, which inherits those whose parent is gone, may never ask.
 */
export function isRunning(pid: number): boolean {
  const stat = statOf(pid);
  // The state follows the name, which is in brackets and may have brackets in it: proc_pid_stat(5).
  return stat !== undefined && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

function statOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // nobody can tell anything of a process that is gone
  }
}
