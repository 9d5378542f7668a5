import { readFileSync, statSync } from 'node:fs';
import { compile, policyHash, readPolicyText } from '@checkpoint-warden/api';
import { AppError, isAppError } from '@checkpoint-warden/errors';
import { type Component, type Logger, sleep } from '@checkpoint-warden/kit';
import type { PolicyInForce } from './policy-in-force.ts';

/** What a policy file is watched with. */
export interface PolicyFileOptions {
  readonly log: Logger;
  /** Told of every valid change. */
  readonly onPolicy: (policy: PolicyInForce) => void;
  /** Milliseconds between looks at the file. */
  readonly pollIntervalMs?: number;
}

/** A policy file that is kept in force. Its component looks for changes. */
export interface PolicyFile extends Component {
  readonly initial: PolicyInForce;
}

/**
 * Opens a policy file and keeps looking at it. It is polled, because a ConfigMap mount changes by swapping a symlink above
 * it, which watching the file does not see; a `stat` costs next to nothing.
 *
 * A change is taken once it has stood for one look, so that half a file, which may be valid and mean something else, is
 * never enforced. An invalid or missing file is reported once, with every problem, and the last valid policy stays in force.
 *
 * @throws AppError `CW_ERR_POLICY_INVALID` or `CW_ERR_POLICY_UNREADABLE` when it cannot be used at the start
 */
export function openPolicyFile(
  path: string,
  { log, onPolicy, pollIntervalMs = 500 }: PolicyFileOptions,
): PolicyFile {
  let takenPrint = fingerprint(path);
  let lastPrint = takenPrint;
  const initial = load(path, 1, log);
  let inForce = initial;
  let isUsable = true;

  const look = (): void => {
    const print = fingerprint(path);
    const settled = print === lastPrint;
    lastPrint = print;
    if (print === takenPrint || !settled) return;
    try {
      const next = load(path, inForce.revision + 1, log);
      if (fingerprint(path) !== print) return; // written meanwhile: what was read may be half of it
      if (!isUsable) log.info({ file: path }, 'policy file can be used again');
      isUsable = true;
      takenPrint = print;
      if (next.hash === inForce.hash) return;
      inForce = next;
      log.info(
        { file: path, rules: next.policy.rules.length, hash: next.hash.slice(0, 12) },
        'policy changed',
      );
      onPolicy(next);
    } catch (err) {
      if (!isAppError(err)) throw err;
      isUsable = false;
      takenPrint = print;
      log.error(
        { file: path, problems: err.problems, reason: err.message },
        'policy file cannot be used, the last valid policy stays in force',
      );
    }
  };

  return {
    initial,
    async run(signal) {
      while (!signal.aborted) {
        await sleep(pollIntervalMs, signal);
        if (!signal.aborted) look();
      }
    },
  };
}

function load(path: string, revision: number, log: Logger): PolicyInForce {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new AppError(
      'CW_ERR_POLICY_UNREADABLE',
      `cannot read the policy file ${path}: ${code ?? message}`,
      { cause },
    );
  }
  const { policy, objects, warnings } = compile(readPolicyText(text, path).objects);
  for (const { path: at, message, remedy } of warnings)
    log.warn({ file: path, at, message, remedy }, 'policy warning');
  for (const { name, conflicts } of objects) {
    for (const conflict of conflicts) log.warn({ file: path, object: name, ...conflict }, 'policy conflict');
  }
  return { policy, source: 'file', revision, hash: policyHash(policy) };
}

/** Changes whenever the file is replaced or written, through symlinks. A missing file has a fingerprint as well. */
function fingerprint(path: string): string {
  try {
    const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}
