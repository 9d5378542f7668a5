import { readFile } from 'node:fs/promises';
import { type CheckpointRetentionPolicy, compile, readPolicyText } from '@checkpoint-warden/api';
import { AppError, type Problem } from '@checkpoint-warden/errors';
import type { Policy } from '@checkpoint-warden/policy';
import type { CliIo } from '../cli-io.ts';

/** What stands for standard input in place of a file. */
const STDIN = '-';

/** A policy file, compiled as an agent without a controller would. */
export interface LoadedPolicy {
  readonly policy: Policy;
  /** What of the file is not in force, and why. */
  readonly warnings: readonly Problem[];
}

/**
 * Reads and compiles a policy file.
 *
 * @throws AppError `CW_ERR_POLICY_INVALID` or `CW_ERR_POLICY_UNREADABLE`
 */
export async function loadPolicy(path: string, io: Pick<CliIo, 'readStdin'>): Promise<LoadedPolicy> {
  const { policy, objects, warnings } = compile(await readPolicyObjects(path, io));
  const conflicts = objects.flatMap(({ name, conflicts }) =>
    conflicts.map(({ path: at, scope, winner }): Problem => {
      return { path: `${name}/${at}`, message: `is not in force: ${winner} has a rule for ${scope} already` };
    }),
  );
  return { policy, warnings: [...warnings, ...conflicts] };
}

/** What to call a policy file in messages. */
export function inputName(path: string): string {
  return path === STDIN ? 'standard input' : path;
}

/**
 * The objects of a policy file.
 *
 * @throws AppError as {@link loadPolicy}
 */
export async function readPolicyObjects(
  path: string,
  { readStdin }: Pick<CliIo, 'readStdin'>,
): Promise<CheckpointRetentionPolicy[]> {
  const text = path === STDIN ? await readStdin() : await readText(path);
  return readPolicyText(text, inputName(path)).objects;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'it does not exist' : code;
    throw new AppError('CW_ERR_POLICY_UNREADABLE', `cannot read the policy file ${path}: ${what}`, { cause });
  }
}
