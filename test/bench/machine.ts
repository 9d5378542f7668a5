import { statfsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** Values of `f_type` in statfs(2). */
const FILESYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlayfs',
  16914836: 'tmpfs',
  801189825: 'zfs',
};

/** What the figures were measured on, in one line. */
export function describeMachine(directory: string): string {
  const { type } = statfsSync(directory);
  const filesystem = FILESYSTEMS[type] ?? `filesystem 0x${type.toString(16)}`;
  const memoryGib = Math.round(totalmem() / 2 ** 30);
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  return [
    `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'})`,
    `${memoryGib} GiB`,
    `Linux ${release()}`,
    filesystem,
    `Node ${process.versions.node}`,
    `load ${load} before the start`,
  ].join(', ');
}
