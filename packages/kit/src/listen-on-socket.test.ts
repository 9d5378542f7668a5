import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHttpServer } from './http-server.ts';
import { listenOnSocket } from './listen-on-socket.ts';
import { createLogger } from './logger.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'socket-'));
  path = join(directory, 's');
});
afterEach(() => rmSync(directory, { recursive: true }));

interface Line {
  readonly level: string;
  readonly msg: string;
}

/** Serves an app until the test stops it. Gives what it said first. */
async function serve(socket = path) {
  const said = Promise.withResolvers<Line>();
  const destination = { write: (line: string) => said.resolve(JSON.parse(line)) };
  const app = createHttpServer({ log: createLogger({ level: 'info', terminal: false, destination }) });
  app.get('/', async () => 'here');
  const stop = new AbortController();
  const ended = listenOnSocket(app, { path: socket, graceMs: 1_000 }).run(stop.signal);
  const { level, msg } = await said.promise;
  return {
    line: `${level}: ${msg}`,
    stop() {
      stop.abort();
      return ended;
    },
  };
}

async function ask(): Promise<string> {
  const request = get({ socketPath: path, path: '/', agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return text(response);
}

/** Connects in a process of its own, which becomes that user only once it runs: Node.js may lie where only root can go. */
function connectAs(uid: number): string {
  const program = `process.setuid(${uid}); require('net').connect(${JSON.stringify(path)})
    .on('error', ({ code }) => console.log(code))
    .on('connect', function () { console.log('connected'); this.destroy(); })`;
  const { stdout } = spawnSync(process.execPath, ['--eval', program], { encoding: 'utf8', cwd: '/' });
  return stdout.trim();
}

/** Leaves a socket behind, as a process does that is killed. */
function leaveSocket(): void {
  const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['--eval', program]);
  expect(lstatSync(path).isSocket()).toBe(true);
}

const NONE = 'warn: there can be no socket here: nobody can ask on this node';

describe('listenOnSocket', () => {
  it('answers on the socket, and takes it away when it stops', async () => {
    const { line, stop } = await serve();
    expect(line).toBe('info: listening on a socket');
    expect(await ask()).toBe('here');
    await stop();
    expect(existsSync(path)).toBe(false);
  });

  it('lets nobody connect but its owner, even where the directory is open', async () => {
    chmodSync(directory, 0o755);
    const { stop } = await serve();
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    if (process.geteuid?.() === 0) expect([connectAs(0), connectAs(65_534)]).toEqual(['connected', 'EACCES']);
    await stop();
  });

  it('replaces a socket that was left behind', async () => {
    leaveSocket();
    const { stop } = await serve();
    expect(await ask()).toBe('here');
    await stop();
  });

  it('runs on without a socket, and leaves what is in the way', async () => {
    writeFileSync(path, 'kept');
    const { line, stop } = await serve();
    expect(line).toBe(NONE);
    await stop();
    expect(readFileSync(path, 'utf8')).toBe('kept');
  });

  it('runs on without a socket where the path is too long for one', async () => {
    const longest = join(directory, 'x'.repeat(107 - Buffer.byteLength(directory) - 1));
    const [fits, tooLong] = [await serve(longest), await serve(`${longest}xx`)];
    expect([fits.line, tooLong.line]).toEqual(['info: listening on a socket', NONE]);
    await Promise.all([fits.stop(), tooLong.stop()]);
  });
});
