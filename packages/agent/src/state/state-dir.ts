import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '@checkpoint-warden/errors';

/** Nobody but the agent may look in: its files name every secret on the node. */
const STATE_DIR_MODE = 0o700;

/** SQLite's result code for a file that somebody else has locked, https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/** A state directory that is ours until it is closed or the process ends, however it ends. */
export interface StateDir {
  readonly path: string;
  close(): void;
}

/**
 * Makes or checks the agent's state directory and locks it, so that two agents never use one.
 *
 * @throws AppError `CW_ERR_STATE_UNWRITABLE` or, when another agent has it, `CW_ERR_STATE_LOCKED`
 */
export function openStateDir(path: string): StateDir {
  try {
    mkdirSync(path, { recursive: true, mode: STATE_DIR_MODE });
    const { uid, mode } = statSync(path);
    const ownUid = process.geteuid?.();
    if (uid !== ownUid) throw new Error(`it belongs to user ${uid}, the agent runs as ${ownUid}`);
    // The kubelet makes a hostPath directory that does not exist, open for reading by all.
    if ((mode & 0o777) !== STATE_DIR_MODE) chmodSync(path, STATE_DIR_MODE);
  } catch (cause) {
    throw unusable(path, cause);
  }
  const lock = takeLock(path);
  return { path, close: () => lock.close() };
}

/**
 * Takes a lock that the kernel releases when the process ends. Node has no `flock`, but brings SQLite, whose exclusive
 * transaction is a lock of the same kind (`fcntl`) on its database file. The database stays empty.
 *
 * It holds across network and PID namespaces, as the file is what they share. A PID file would not (two containers are both
 * PID 1 and do not see each other), an abstract socket neither (one per network namespace), and a socket in the directory
 * stays behind after SIGKILL, where two that start at once could both take it over.
 *
 * Nothing else in this process may open the file: to close it would release the lock (`fcntl(2)`).
 */
function takeLock(path: string): DatabaseSync {
  const file = join(path, 'lock');
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(file);
    // No rollback journal beside the file: nothing is ever written.
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    chmodSync(file, 0o600);
    return lock;
  } catch (cause) {
    lock?.close();
    if ((cause as { errcode?: number }).errcode !== SQLITE_BUSY) throw unusable(path, cause);
    throw new AppError('CW_ERR_STATE_LOCKED', `another agent uses the state directory ${path}`, {
      cause,
      retryable: true,
    });
  }
}

function unusable(path: string, cause: unknown): AppError {
  const message = `the state directory ${path} cannot be used: ${(cause as Error).message}`;
  return new AppError('CW_ERR_STATE_UNWRITABLE', message, { cause });
}
