import type { ScanProgress } from '@checkpoint-warden/agent';
import type { CliIo } from '../cli-io.ts';

/** How long a scan may take before its progress is shown, and how often it then changes. */
const PATIENCE_MS = 1_000;
const REFRESH_MS = 100;

const CLEAR_LINE = '\r\u001b[2K';

/** A line on the terminal that says how far a scan has come. */
export interface ProgressLine {
  update(progress: ScanProgress): void;
  /** Leaves the terminal as it was. */
  clear(): void;
}

/** Shows nothing where stderr is no terminal, or while the scan is quick. */
export function progressLine({ stderr, monotonicMs }: Pick<CliIo, 'stderr' | 'monotonicMs'>): ProgressLine {
  const startedMs = monotonicMs();
  let nextMs = startedMs + PATIENCE_MS;
  let shown = false;
  return {
    update({ phase, done, total }) {
      const nowMs = monotonicMs();
      if (!stderr.isTerminal || nowMs < nextMs) return;
      nextMs = nowMs + REFRESH_MS;
      shown = true;
      const rate = Math.round((done * 1_000) / (nowMs - startedMs));
      const of = total === undefined ? '' : ` of ${total.toLocaleString('en-US')}`;
      const what = phase === 'listing' ? 'directory entries' : 'archives';
      stderr.write(
        `${CLEAR_LINE}${phase} ${done.toLocaleString('en-US')}${of} ${what} (${rate.toLocaleString('en-US')}/s)`,
      );
    },
    clear() {
      if (shown) stderr.write(CLEAR_LINE);
      shown = false;
    },
  };
}
