import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Component } from './component.ts';
import type { Logger } from './logger.ts';
import { sleep } from './sleep.ts';
import { loadTlsSet, TLS_FILES, type TlsSet } from './tls-set.ts';

/** The TLS files of a directory, kept up to date while it runs. */
export interface TlsFiles extends Component {
  /** The last good set; its `expiresAtMs` is for a metric. */
  current(): TlsSet;
  /** Calls `listener` after each change. @returns ends that */
  subscribe(listener: (next: TlsSet, previous: TlsSet) => void): () => void;
}

export interface TlsFilesOptions {
  readonly log: Logger;
  /** Milliseconds between looks at the files. */
  readonly pollIntervalMs?: number;
}

/**
 * Opens a `--tls-dir`. Its component looks at the files every second, because a Kubernetes mount changes by swapping a
 * symlink above them, which watching the files themselves does not see; three `stat` calls cost next to nothing.
 *
 * A new set is taken once it has stood unchanged for one look, so that files copied one by one are not mixed. When it is
 * broken the last good one stays in force, and that is said once.
 *
 * @throws AppError `CW_ERR_TLS` when the files cannot be used at the start
 */
export function openTlsFiles(dir: string, { log, pollIntervalMs = 1_000 }: TlsFilesOptions): TlsFiles {
  const listeners = new Set<(next: TlsSet, previous: TlsSet) => void>();
  let loadedPrint = fingerprint(dir);
  let lastPrint = loadedPrint;
  let current = loadTlsSet(dir);

  const look = () => {
    const print = fingerprint(dir);
    const settled = print === lastPrint;
    lastPrint = print;
    if (print === loadedPrint || !settled) return;
    loadedPrint = print;
    try {
      const previous = current;
      current = loadTlsSet(dir);
      log.info({ dir, expires: new Date(current.expiresAtMs).toISOString() }, 'tls files changed');
      for (const listener of listeners) listener(current, previous);
    } catch (err) {
      log.warn({ dir, err }, 'changed tls files cannot be used, the last good ones stay in force');
    }
  };

  return {
    current: () => current,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async run(signal) {
      while (!signal.aborted) {
        await sleep(pollIntervalMs, signal);
        if (!signal.aborted) look();
      }
    },
  };
}

/** Changes whenever a file is replaced or written, through symlinks. A missing file has a fingerprint as well. */
function fingerprint(dir: string): string {
  return Object.values(TLS_FILES)
    .map((file) => {
      const stat = statSync(join(dir, file), { bigint: true, throwIfNoEntry: false });
      return stat === undefined ? 'missing' : `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`;
    })
    .join(' ');
}
