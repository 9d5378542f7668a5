import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Bytes that all positioned reads made in `work` have returned, counted where Node's `fs` is called. */
export function countReadBytes(work: () => void): number {
  const { readSync } = fs;
  let bytes = 0;
  const counting = (...args: Parameters<typeof readSync>): number => {
    const read = readSync(...args);
    bytes += read;
    return read;
  };
  fs.readSync = counting as typeof readSync;
  syncBuiltinESMExports();
  try {
    work();
  } finally {
    fs.readSync = readSync;
    syncBuiltinESMExports();
  }
  return bytes;
}
