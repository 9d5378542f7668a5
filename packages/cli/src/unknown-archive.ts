import { existsSync, readdirSync } from 'node:fs';
import { parseArchiveName } from '@checkpoint-warden/agent';
import { AppError, nearest } from '@checkpoint-warden/errors';
import type { ArchivePath } from './archive-path.ts';

const MAX_SUGGESTIONS = 3;

/** The error for an archive that is not there, with the names that may have been meant. */
export function unknownArchive({ directory, name, path }: ArchivePath): AppError {
  if (existsSync(path)) {
    const remedy = 'archives are regular files named checkpoint-<pod>_<namespace>-<container>-<time>.tar';
    return notFound(`${path} is not an archive, so the agent never touches it`, remedy);
  }
  const near = nearNames(name, archiveNamesIn(directory));
  const remedy =
    near.length === 0
      ? 'name an archive by its path, or by its file name with --checkpoint-dir'
      : `did you mean ${near.join('\n             or ')}?`;
  return notFound(`there is no archive ${name} in ${directory}`, remedy);
}

function notFound(message: string, remedy: string): AppError {
  return new AppError('CW_ERR_ARCHIVE_NOT_FOUND', message, { problems: [{ path: '', message, remedy }] });
}

/** Names that contain what was typed, or else those with the fewest slips between. */
function nearNames(typed: string, known: readonly string[]): string[] {
  const containing = known.filter((name) => typed !== '' && name.includes(typed));
  if (containing.length > 0) return containing.slice(0, MAX_SUGGESTIONS);
  const left = new Set(known);
  const near: string[] = [];
  while (near.length < MAX_SUGGESTIONS) {
    const name = nearest(typed, left);
    if (name === undefined) break;
    near.push(name);
    left.delete(name);
  }
  return near;
}

function archiveNamesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => parseArchiveName(name) !== undefined);
  } catch {
    return []; // safe: only suggestions are lost, and the error names the directory
  }
}
