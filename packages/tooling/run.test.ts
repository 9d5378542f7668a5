import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { run } from './run.mjs';

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it('run gives the exit code and what was printed', async () => {
  const shell = run('sh', ['-c', 'echo out; echo err >&2; exit 3'], { env: process.env, output: 'capture' });
  expect(await shell).toEqual({ code: 3, output: 'out\nerr\n' });
});

it('run tells a command that does not exist from one that fails', async () => {
  expect(await run('no-such-command', [], { env: process.env, output: 'capture' })).toMatchObject({
    code: 127,
  });
});

it('run gives 128 and the number of the signal that ended a command', async () => {
  expect(await run('sh', ['-c', 'kill -9 $$'], { env: process.env, output: 'capture' })).toMatchObject({
    code: 137,
  });
});

it.each(['SIGINT', 'SIGTERM'] as const)(
  '%s reaches everything that was started, then ends this process too',
  async (signal) => {
    // A shell that has started another process, as test runners do, and does not hand on signals; that one prints its id.
    const shell = `sh -c 'echo $$; exec sleep 600'; exit 1`;
    const script = `
    import { run, withSignals } from ${JSON.stringify(new URL('./run.mjs', import.meta.url).href)};
    await withSignals(async () => (await run('sh', ['-c', ${JSON.stringify(shell)}], { env: process.env })).code);
  `;
    const tool = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(tool, 'exit');
    const [line] = await once(createInterface(tool.stdout), 'line');
    tool.kill(signal);
    expect(await ended).toEqual([null, signal]);
    await expect.poll(() => isRunning(Number(line)), { timeout: 60_000 }).toBe(false);
  },
);
