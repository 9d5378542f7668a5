import { type ArchiveStore, createInventory, fileArchiveStore, gatherAll } from '@checkpoint-warden/agent';
import { AppError } from '@checkpoint-warden/errors';
import type { Archive, PlanInput } from '@checkpoint-warden/policy';
import type { CliIo } from '../cli-io.ts';
import { progressLine } from './progress-line.ts';

/** One look at a checkpoint directory. */
export interface Scan {
  readonly archives: readonly Archive[];
  /** What reading an archive showed. */
  readonly whyOf: (archiveName: string) => string;
  /** Archives of which nothing could be learned. */
  readonly unknown: readonly string[];
  readonly disk: PlanInput['disk'];
}

/**
 * Looks once at a checkpoint directory, with the agent's own eyes, and shows progress where that takes long.
 *
 * An agent sees for itself whether a cut-off archive stops changing. Here its mtime has to tell: one that was last changed
 * `quietPeriodMs` ago is looked at as an agent would after its quiet period.
 *
 * @throws AppError `CW_ERR_USAGE` when there is no such directory, `CW_ERR_CHECKPOINT_DIR` when it cannot be read
 */
export async function scanDirectory(
  directory: string,
  quietPeriodMs: number,
  io: Pick<CliIo, 'stderr' | 'nowMs' | 'monotonicMs'>,
): Promise<Scan> {
  const store = fileArchiveStore(directory);
  const inventory = createInventory({
    node: 'this node',
    quietPeriodMs,
    memory: { recalled: undefined, save: () => {} },
  });
  const progress = progressLine(io);
  let unknown: readonly string[];
  try {
    const { listing } = await gatherAll({ store, inventory, monotonicMs: io.monotonicMs }, progress.update);
    unknown = listing.unknown;
  } catch (error) {
    throw unreadable(directory, error as NodeJS.ErrnoException);
  } finally {
    progress.clear();
  }
  const nowMs = io.nowMs();
  const afterQuietMs = io.monotonicMs() + quietPeriodMs;
  for (const { name, state, mtimeMs } of inventory.archives()) {
    const file = inventory.get(name)?.file;
    if (state !== 'writing' || file === undefined || nowMs - mtimeMs < quietPeriodMs) continue;
    inventory.see(file, () => store.read(file), afterQuietMs);
  }
  return {
    archives: inventory.archives(),
    whyOf: (name) => inventory.get(name)?.why ?? '',
    unknown,
    disk: diskOf(store),
  };
}

/** Without it the node's limits are left alone, as in the agent. */
function diskOf(store: ArchiveStore): PlanInput['disk'] {
  try {
    return store.disk();
  } catch {
    return undefined; // safe: less is planned for deletion, and the caller says so
  }
}

const NAME_IT = 'name the directory that the container runtime writes checkpoints to';

function unreadable(directory: string, cause: NodeJS.ErrnoException): unknown {
  switch (cause.code) {
    case 'ENOENT':
      return directoryError('CW_ERR_USAGE', directory, 'does not exist', NAME_IT, cause);
    case 'ENOTDIR':
      return directoryError('CW_ERR_USAGE', directory, 'is not a directory', NAME_IT, cause);
    case 'EACCES':
    case 'EPERM':
      return directoryError(
        'CW_ERR_CHECKPOINT_DIR',
        directory,
        'may not be read by this user',
        'run this as root, who owns the archives, or name another one',
        cause,
      );
    default:
      if (cause.code === undefined) return cause;
      return directoryError(
        'CW_ERR_CHECKPOINT_DIR',
        directory,
        `cannot be read (${cause.code})`,
        'look at the filesystem it is on',
        cause,
      );
  }
}

function directoryError(
  code: 'CW_ERR_USAGE' | 'CW_ERR_CHECKPOINT_DIR',
  directory: string,
  what: string,
  remedy: string,
  cause: Error,
): AppError {
  return new AppError(code, `the checkpoint directory ${directory} ${what}`, {
    cause,
    problems: [{ path: '--checkpoint-dir', message: `${directory} ${what}`, remedy }],
  });
}
