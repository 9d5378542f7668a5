import { basename, dirname, resolve } from 'node:path';
import { AppError } from '@checkpoint-warden/errors';

/**
 * The name of the archive that an agent is asked about. It knows those of its own directory only: a path to another one would be
 * answered about an archive that happens to have the same name.
 *
 * @throws AppError `CW_ERR_USAGE`
 */
export function ownArchiveName(argument: string, checkpointDir: string): string {
  const name = basename(argument);
  if (name === argument || dirname(resolve(argument)) === resolve(checkpointDir)) return name;
  const message = `${argument} does not lie in ${checkpointDir}, which the agent that is asked watches`;
  const remedy =
    'name the archive without its directory, give the agent’s --checkpoint-dir, or judge without an agent: --policy-file FILE';
  throw new AppError('CW_ERR_USAGE', message, { problems: [{ path: '', message, remedy }] });
}
