import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  archiveFileName,
  FIXTURE_DIR,
  FIXTURES,
  makeSandbox,
  policyOf,
  until,
} from '@checkpoint-warden/agent/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { settled, useTestAgent } from './test-agent.ts';

/** In memory where there is such a place: ten thousand new files cost a slow disk half a minute. */
const test = useTestAgent(() => makeSandbox(existsSync('/dev/shm') ? '/dev/shm' : tmpdir()));
const WEB = { namespace: 'shop', pod: 'web-0', container: 'app' };
const START_MS = Date.UTC(2024, 0, 1);
/** Long ago, so that any read moves the access time, also where the filesystem is mounted with `relatime`. */
const ACCESSED = new Date(Date.UTC(2001, 0, 1));
const MODIFIED = new Date(Date.UTC(2002, 0, 1));

/** Everything that can be limited is limited to the least. */
const HARSHEST = policyOf(`applyPoliciesImmediately: true
orphanGracePeriod: 0s
globalPolicy:
  retainOrphan: false
  maxCheckpointsPerNamespace: 1
  maxCheckpointsPerPod: 1
  maxCheckpointsPerContainer: 1
  maxCheckpointSize: 1Mi
  maxTotalSizePerNamespace: 1Mi
  maxTotalSizePerPod: 1Mi
  maxTotalSizePerContainer: 1Mi
  maxCheckpointAge: 1s
nodePolicy: {maxTotalSize: 1Mi, minFreeSpace: 99%, maxIncompleteAge: 1s}`);

/** Names that are nearly an archive's, and are none. */
const NEARLY = [
  'checkpoint-web-0_shop-app-2024-01-01T00:00:00Z.tar.gz',
  'checkpoint-web-0_shop-app-2024-01-01T00:00:00Z.tar\n',
  'checkpoint-web-0_shop-app-2024-01-01T00:00:00Z.tar ',
  'checkpoint-web-0_shop-app-2024-01-01T00:00:00Z.tar~',
  'checkpoint-web-0_shop-app-2024-01-01T00:00:00Z.TAR',
  '.checkpoint-web-0_shop-app-2024-01-01T00:00:00Z.tar.Xa81',
  '.keep',
  'x.keep',
  '\ncheckpoint-web-0_shop-app-2024-01-01T00:00:00Z.tar',
  'x\ncheckpoint-web-0_shop-app-2024-01-01T00:00:00Z.tar',
  'checkpoint-*_shop-app-2024-01-01T00:00:00Z.tar',
  'checkpoint-web-0_*-app-2024-01-01T00:00:00Z.tar',
  'checkpoint-.._shop-app-2024-01-01T00:00:00Z.tar',
  'checkpoint-web-0_..-app-2024-01-01T00:00:00Z.tar',
  'checkpoint-wéb-0_shop-app-2024-01-01T00:00:00Z.tar',
  'checkpoint-Web-0_shop-app-2024-01-01T00:00:00Z.tar',
  'checkpoint-web_0_shop-app-2024-01-01T00:00:00Z.tar',
  'checkpoint-web-0_shop-2024-01-01T00:00:00Z.tar',
  'checkpoint-web-0_shop-app-2024-02-30T00:00:00Z.tar',
  'checkpoint-web-0_shop-app-2024-01-01T24:00:00Z.tar',
  'checkpoint-web-0_shop-app-2024-01-01T00:00:00z.tar',
  'checkpoint-web-0_shop-app-2024-01-01.tar',
  'checkpoint-_shop-app-2024-01-01T00:00:00Z.tar',
  'Checkpoint-web-0_shop-app-2024-01-01T00:00:00Z.tar',
  '-rf',
  'podman.tar',
  '​.tar',
];

/** A foreign thing, and what of it must not change. */
interface Foreign {
  readonly path: string;
  readonly print: string;
  readonly hash: string | undefined;
  /** A regular file by an archive's name has to be read to find out that it is none. */
  readonly mayBeRead: boolean;
}

const servers: Server[] = [];
const writers: ChildProcess[] = [];
afterEach(async () => {
  for (const writer of writers) writer.kill('SIGKILL');
  await Promise.all(writers.splice(0).map((writer) => writer.exitCode ?? once(writer, 'exit')));
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

let serial = 0;
/** An archive's name in every respect, of another second each. */
function archiveName(): string {
  const index = serial++;
  return archiveFileName({ ...WEB, pod: `web-${index % 7}` }, new Date(START_MS + index * 1000));
}

/** Scatters 5,000 things over the directory that are not ours, most of them by an archive's name. */
async function scatter(dir: string, outside: string): Promise<Foreign[]> {
  const round = serial;
  const real = readFileSync(join(FIXTURE_DIR, FIXTURES.containerd));
  const target = join(outside, FIXTURES.containerd);
  const paths: string[] = [];
  const add = (count: number, make: (path: string, index: number) => void, name = archiveName) => {
    for (let index = 0; index < count; index++) {
      const path = join(dir, name());
      make(path, index);
      paths.push(path);
    }
  };
  const nearly = NEARLY.map((name) => (round === 0 ? name : `${name}${round}`));
  add(
    nearly.length,
    (path) => writeFileSync(path, real),
    () => nearly.pop() ?? '',
  );
  add(
    373,
    (path) => writeFileSync(path, real),
    () => `${archiveName()}.part`,
  );
  add(900, (path) => symlinkSync(target, path));
  add(300, (path) => symlinkSync(join(outside, 'secret'), path));
  add(300, (path) => symlinkSync(join(outside, 'nowhere'), path));
  add(300, (path) => symlinkSync(path, path));
  add(600, (path) => mkdirSync(path));
  add(400, (path) => {
    mkdirSync(path);
    writeFileSync(join(path, archiveName()), real.subarray(0, 1024));
  });
  add(500, (path) => writeFileSync(path, 'no tar at all, but by an archive’s name'));
  const fifos = Array.from({ length: 1_000 }, () => join(dir, archiveName()));
  execFileSync('mkfifo', fifos);
  paths.push(...fifos);
  for (let index = 0; index < 100; index++) {
    const path = join(dir, archiveName());
    const server = createServer((client) => client.destroy(new Error('a socket was connected to')));
    servers.push(server);
    await once(server.listen(path), 'listening');
    paths.push(path);
  }
  const devices = Array.from({ length: 100 }, () => join(dir, archiveName()));
  if (canMakeDevices(outside)) makeDevices(devices);
  else for (const path of devices) mkdirSync(path);
  paths.push(...devices);
  add(
    100,
    (path) => writeFileSync(path, real),
    () => `${'文件-*-..-\n'}${serial++}`,
  );
  return paths.map((path) => {
    const stats = lstatSync(path);
    const hash = stats.isFile() ? hashOf(path) : undefined;
    if (!stats.isSocket()) lutimesSync(path, ACCESSED, MODIFIED);
    const mayBeRead = stats.isFile() && stats.size < 100;
    return { path, print: printOf(path, mayBeRead), hash, mayBeRead };
  });
}

function canMakeDevices(dir: string): boolean {
  const path = join(dir, 'device');
  try {
    makeDevices([path]);
    rmSync(path);
    return true;
  } catch (error) {
    process.stderr.write(`foreign device nodes are left out: ${(error as Error).message}\n`);
    return false;
  }
}

/** As `/dev/null` is. */
function makeDevices(paths: readonly string[]): void {
  const script = 'set -e; for path; do mknod "$path" c 1 3; done';
  execFileSync('sh', ['-c', script, 'sh', ...paths], { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Which file it is, and all that tells whether somebody has touched it. */
function printOf(path: string, mayBeRead: boolean): string {
  const { dev, ino, mode, nlink, uid, size, mtimeNs, ctimeNs, atimeNs } = lstatSync(path, { bigint: true });
  return [dev, ino, mode, nlink, uid, size, mtimeNs, ctimeNs, mayBeRead ? 'read' : atimeNs].join(' ');
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Waits for a reader of a FIFO, however short it has it open. */
function writerOf(path: string): ChildProcess {
  const writer = spawn('sh', ['-c', 'exec 3>"$1"', 'sh', path], { stdio: 'ignore' });
  writers.push(writer);
  return writer;
}

/** Whether this filesystem shows that a file has been read. */
function showsAccess(dir: string): boolean {
  const path = join(dir, 'access-probe');
  writeFileSync(path, 'x');
  utimesSync(path, ACCESSED, MODIFIED);
  readFileSync(path);
  return statSync(path).atimeMs !== ACCESSED.getTime();
}

describe('a directory with ten thousand foreign things', () => {
  it('keeps every one of them untouched and unread under the harshest policy, which the archives follow', {
    timeout: 120_000,
  }, async () => {
    const { sandbox } = test;
    const dir = sandbox.checkpointDir;
    const outside = join(dir, '..', 'outside');
    mkdirSync(outside);
    if (!showsAccess(outside))
      process.stderr.write('this filesystem does not show whether a file was read\n');
    writeFileSync(join(outside, 'secret'), 'not a checkpoint');
    copyFileSync(join(FIXTURE_DIR, FIXTURES.containerd), join(outside, FIXTURES.containerd));
    const targets = ['secret', FIXTURES.containerd].map((name): Foreign => {
      const path = join(outside, name);
      const hash = hashOf(path);
      utimesSync(path, ACCESSED, MODIFIED);
      return { path, print: printOf(path, false), hash, mayBeRead: false };
    });

    const archives = [0, 1, 2].flatMap((container) =>
      [1, 2, 3].map((second) =>
        sandbox.write({ ...WEB, pod: `real-${container}` }, new Date(START_MS + second * 1000)),
      ),
    );
    const [pinned = '', cut = ''] = archives;
    writeFileSync(join(dir, `${pinned}.keep`), '');
    truncateSync(join(dir, cut), 10_000);
    utimesSync(join(dir, cut), MODIFIED, MODIFIED);

    const before = await scatter(dir, outside);
    const agent = await test.start({ policy: HARSHEST, scanIntervalMs: 200, quietPeriodMs: 1 });
    const waiting = before
      .filter(({ path }) => lstatSync(path).isFIFO())
      .slice(0, 20)
      .map(({ path }) => writerOf(path));
    const foreign = [...before, ...(await scatter(dir, outside))];
    expect(foreign.length).toBe(10_000);

    await until('of the archives only the pinned one is left', () => {
      const names = new Set(readdirSync(dir));
      return archives.filter((name) => names.has(name)).length === 1;
    });
    for (let scans = 0; scans < 3; scans++) await settled(agent);

    expect(sandbox.list()).toContain(pinned);
    const deleted = agent.deletions().flatMap((entry) => (entry.kind === 'intent' ? [entry.archive] : []));
    expect(deleted.sort()).toEqual(archives.filter((name) => name !== pinned).sort());
    expect(agent.lines.filter(({ level }) => level === 'error')).toEqual([]);

    // First what a look does not change, then what reading would.
    const now = [...foreign, ...targets].map((was) => ({ ...was, print: printOf(was.path, was.mayBeRead) }));
    const touched = [...foreign, ...targets].filter((was, index) => was.print !== now[index]?.print);
    expect(touched).toEqual([]);
    const changed = [...foreign, ...targets].filter(
      ({ path, hash }) => hash !== undefined && hash !== hashOf(path),
    );
    expect(changed).toEqual([]);
    expect(waiting.map(({ exitCode }) => exitCode)).toEqual(waiting.map(() => null));
    for (const { path } of foreign.filter((each) => lstatSync(each.path).isFIFO()).slice(20)) {
      expect(() => openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)).toThrowError(/ENXIO/);
    }
  });
});
