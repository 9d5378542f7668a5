import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { waitUntil } from '../wait-until.ts';
import { daemonFiles, supervise } from './supervise.ts';

function startSleep() {
  const folder = mkdtempSync(join(tmpdir(), 'checkpoint-warden-supervise-'));
  const sleep = supervise('sleep', ['sleep', '600'], folder);
  onTestFinished(async () => {
    await sleep.end();
    rmSync(folder, { recursive: true });
  });
  return { sleep, files: daemonFiles(folder, 'sleep') };
}

const within = { withinMs: 60_000 };

it('starts a daemon again that has been killed, and tells its process id', async () => {
  const { sleep, files } = startSleep();
  const first = sleep.pid();
  expect(readFileSync(files.pid, 'utf8')).toBe(`${first}\n`);
  process.kill(first, 'SIGKILL');
  await waitUntil(() => sleep.pid() !== first, { what: 'another process', ...within });
  expect(readFileSync(files.pid, 'utf8')).toBe(`${sleep.pid()}\n`);
  expect(sleep.endings()).toBe(1);
});

it('keeps a daemon away while it is held', async () => {
  const { sleep, files } = startSleep();
  const first = sleep.pid();
  writeFileSync(files.hold, '');
  process.kill(first, 'SIGKILL');
  await waitUntil(() => !existsSync(files.pid), { what: 'it has ended', ...within });
  rmSync(files.hold);
  await waitUntil(() => existsSync(files.pid), { what: 'it runs again', ...within });
  expect(sleep.pid()).not.toBe(first);
});

it('ends a daemon for good, also one that is held', async () => {
  const { sleep, files } = startSleep();
  writeFileSync(files.hold, '');
  process.kill(sleep.pid(), 'SIGKILL');
  await sleep.end();
  expect(existsSync(`/proc/${sleep.pid()}`)).toBe(false);
});
