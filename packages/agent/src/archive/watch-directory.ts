import { resolve } from 'node:path';
import { FSWatcher } from 'chokidar';

/** What a watch tells. */
export interface WatchListeners {
  /** Something has happened to the entry of this name, perhaps. */
  readonly onHint: (name: string) => void;
  /** The watch works from now on; what happened before is for a scan to find. */
  readonly onArmed: () => void;
  /** The watch does not work (any more), e.g. EMFILE or ENOSPC: rely on scans. */
  readonly onLost: (error: unknown) => void;
}

/** A watch that can be closed. */
export interface DirectoryWatch {
  close(): Promise<void>;
}

/**
 * chokidar without its directory reads. On every event it lists the whole directory again to find what has changed: with
 * 10,000 archives that is 80 ms of CPU for each event and delays the event itself. The raw events carry the name, which is
 * all that a hint needs. chokidar itself returns no stream here once it is closed, so all its callers expect that.
 *
 * @see chokidar 5.0.0 `handler.js`, `_handleRead`; docs/adr/0003-hints-from-raw-events.md
 */
class HintWatcher extends FSWatcher {
  override _readdirp(): undefined {
    return undefined;
  }
}

/**
 * Watches one directory for hints of which names have changed in it: one inotify watch on the directory, none on its
 * entries. Hints may be lost, late or about nothing; a periodic scan is the truth.
 */
export function watchDirectory(
  directory: string,
  { onHint, onArmed, onLost }: WatchListeners,
): DirectoryWatch {
  const watched = resolve(directory);
  const watcher = new HintWatcher({ depth: 0, ignored: (path) => path !== watched, ignoreInitial: true });
  watcher.on('raw', (_event: string, name: string | null) => {
    if (name !== null) onHint(name);
  });
  watcher.on('ready', onArmed);
  watcher.on('error', onLost);
  watcher.add(watched);
  return { close: () => watcher.close() };
}
