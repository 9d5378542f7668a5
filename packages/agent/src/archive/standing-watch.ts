import type { Logger } from '@checkpoint-warden/kit';
import { type DirectoryWatch, type WatchListeners, watchDirectory } from './watch-directory.ts';

/** A watch that follows the directory through its replacement. See {@link standingWatch}. */
export interface StandingWatch {
  /** Says which directory is there now; `undefined`: none that can be read. Arms the watch anew where that is needed. */
  follow(directory: { readonly dev: bigint; readonly ino: bigint } | undefined): void;
  close(): Promise<void>;
}

/**
 * Keeps a watch on a path. A watch dies silently with its directory, and for good where the kernel has none left; so it is
 * armed again whenever a scan has found another directory, or has found it lost.
 */
export function standingWatch(
  path: string,
  { onHint, onArmed }: Omit<WatchListeners, 'onLost'>,
  log: Logger,
): StandingWatch {
  let watch: DirectoryWatch | undefined;
  let watched: string | undefined;
  let isLost = false;

  const disarm = async (): Promise<void> => {
    const old = watch;
    watch = undefined;
    watched = undefined;
    await old?.close();
  };
  const onLost = (err: unknown): void => {
    if (!isLost) log.warn({ err }, 'directory watch lost, relying on scans');
    isLost = true;
    void disarm();
  };
  const onWorking = (): void => {
    if (isLost) log.info({}, 'directory watch works again');
    isLost = false;
    onArmed();
  };
  return {
    follow(directory) {
      const identity = directory && `${directory.dev}:${directory.ino}`;
      if (identity === watched) return;
      void disarm();
      if (identity === undefined) return;
      watched = identity;
      watch = watchDirectory(path, { onHint, onArmed: onWorking, onLost });
    },
    close: disarm,
  };
}
