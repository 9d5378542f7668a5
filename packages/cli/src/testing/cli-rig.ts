import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import {
  archiveFileName,
  type CheckpointSpec,
  FIXTURE_DIR,
  FIXTURES,
  writeArchive,
} from '@checkpoint-warden/agent/testing';
import { memoryIo } from '../memory-io.ts';
import { runCli } from '../run-cli.ts';

/** When the tests take place. */
const NOW = new Date('2026-11-24T12:00:00Z');

/** A real archive that the policy of the tests lets go. */
export const GOES = 'checkpoint-web-0_default-app-2026-11-21T10:00:00Z.tar';
export const PINNED = 'checkpoint-web-0_default-app-2026-11-20T10:00:00Z.tar';
export const CUT_OFF = basename(FIXTURES.truncated);
export const NOBODYS = 'checkpoint-job-1_batch-run-2026-11-22T08:00:00Z.tar';

export const POLICY = `apiVersion: checkpoint-warden.dev/v1alpha1
kind: CheckpointRetentionPolicy
metadata: {name: default}
spec:
  globalPolicy:
    maxCheckpointsPerContainer: 2
    maxCheckpointAge: 30d
    keepLast: 1
  namespacePolicies:
    - {namespace: sh*, maxCheckpoints: 2}
  podPolicies:
    - {namespace: default, pod: web-*, maxCheckpoints: 1, retainOrphan: false}
`;

/** What one run of the program left behind; the temporary directory is written as `TMP`. */
export interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliRig {
  readonly checkpointDir: string;
  readonly policyFile: string;
  /** Writes a file beside the policy. Returns its path. */
  file(name: string, text: string): string;
  /** Names, sizes, modes and times of all files in the checkpoint directory. */
  snapshot(): string[];
  run(argv: readonly string[], surroundings?: Parameters<typeof memoryIo>[0]): Promise<Run>;
  remove(): void;
}

/** A checkpoint directory with one archive of each kind, real ones first, and a policy. */
export function makeCliRig(): CliRig {
  const root = mkdtempSync(join(tmpdir(), 'checkpoint-warden-cli-'));
  const checkpointDir = join(root, 'checkpoints');
  mkdirSync(checkpointDir);
  fill(checkpointDir);
  const file = (name: string, text: string): string => {
    const path = join(root, name);
    writeFileSync(path, text);
    return path;
  };
  return {
    checkpointDir,
    policyFile: file('policy.yaml', POLICY),
    file,
    snapshot: () =>
      readdirSync(checkpointDir)
        .sort()
        .map((name) => {
          const { size, mode, mtimeMs, ctimeMs, ino } = statSync(join(checkpointDir, name));
          return `${name} ${size} ${mode.toString(8)} ${mtimeMs} ${ctimeMs} ${ino}`;
        }),
    async run(argv, surroundings) {
      const io = memoryIo({ nowMs: () => NOW.getTime(), ...surroundings });
      const exitCode = await runCli(argv, io);
      const { stdout, stderr } = io.written;
      return { exitCode, stdout: stdout.replaceAll(root, 'TMP'), stderr: stderr.replaceAll(root, 'TMP') };
    },
    remove() {
      chmodSync(checkpointDir, 0o700);
      rmSync(root, { recursive: true });
    },
  };
}

function fill(directory: string): void {
  const put = (fixture: keyof typeof FIXTURES, name: string = basename(FIXTURES[fixture])): void => {
    copyFileSync(join(FIXTURE_DIR, FIXTURES[fixture]), join(directory, name));
  };
  put('containerd');
  put('containerd', GOES);
  put('containerd', PINNED);
  put('ambiguous');
  put('dotted');
  put('truncated');
  put('podman');
  put('podman', NOBODYS);
  for (const hour of [1, 2, 3]) {
    const spec: CheckpointSpec = { namespace: 'shop', pod: 'cart-0', container: 'app' };
    writeArchive(join(directory, archiveFileName(spec, `2026-11-24T0${hour}:00:00Z`)), spec);
  }
  writeFileSync(join(directory, `${PINNED}.keep`), 'incident 42\n');
  const written = new Date(NOW.getTime() - 3_600_000);
  for (const name of readdirSync(directory)) utimesSync(join(directory, name), written, written);
}
