import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { isRunning } from './is-running.ts';
import { waitUntil } from './wait-until.ts';

it('is true of a process that runs', () => {
  expect(isRunning(process.pid)).toBe(true);
});

it('is false of a process that has ended, also while its parent does not ask how', async () => {
  // The sleep that the shell becomes knows of no child. The shell itself would ask: until then the child waits for its input.
  const parent = spawn('sh', ['-c', 'exec 3<&0; cat <&3 & echo $!; exec sleep 1000'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = await once(createInterface(parent.stdout), 'line');
  const child = Number(line);
  const command = () => readFileSync(`/proc/${parent.pid}/comm`, 'utf8');
  await waitUntil(() => command() === 'sleep\n', { what: 'the shell is a sleep', withinMs: 30_000 });
  expect(isRunning(child)).toBe(true);
  parent.stdin.end();
  await waitUntil(() => !isRunning(child), { what: 'the child has ended', withinMs: 30_000 });
  expect(existsSync(`/proc/${child}`)).toBe(true);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  await waitUntil(() => !isRunning(child), { what: 'the child is gone', withinMs: 30_000 });
});
