import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** Where an archive named on the command line lies. */
export interface ArchivePath {
  readonly directory: string;
  readonly name: string;
  readonly path: string;
}

/**
 * Finds the file that an argument names: a path, or the name of a file in the checkpoint directory. A bare name that is not
 * there may be one in the working directory, as the shell's `*.tar` gives it.
 */
export function archivePathOf(argument: string, checkpointDir: string): ArchivePath {
  const inDirectory = join(checkpointDir, argument);
  const isName = basename(argument) === argument;
  const path = isName && (existsSync(inDirectory) || !existsSync(argument)) ? inDirectory : resolve(argument);
  return { directory: dirname(path), name: basename(path), path };
}
