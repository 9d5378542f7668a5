import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';

/**
 * A program of three parts in a process of its own, because signals and exit codes are what is tested. `broken` says how
 * its part `second` misbehaves; everything that happens is a line on stdout.
 */
const PROGRAM = `
  import { runUntilSignal } from ${JSON.stringify(new URL('./run-until-signal.ts', import.meta.url).href)};
  const broken = process.argv[1];
  const say = (line) => process.stdout.write(line + '\\n');
  const log = { info: (_, text) => say(text), error: (facts, text) => say(text + ': ' + facts.component) };
  const keepAlive = setInterval(() => {}, 1000);
  const part = (name) => ({
    async run(signal) {
      say('start ' + name);
      if (name === 'second' && broken === 'rejects') throw new Error('no');
      if (name === 'second' && broken === 'returns') return;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      say('stop ' + name);
      if (name === 'second' && broken === 'hangs') await new Promise(() => {});
      await new Promise((resolve) => setTimeout(resolve, 5));
      say('stopped ' + name);
    },
  });
  const parts = { first: part('first'), second: part('second'), third: part('third') };
  const code = await runUntilSignal(parts, { log, graceMs: broken === 'hangs' ? Number(process.argv[2]) : 60_000 });
  clearInterval(keepAlive);
  process.exit(code);
`;

const GRACEFUL = [
  'stop third',
  'stopped third',
  'stop second',
  'stopped second',
  'stop first',
  'stopped first',
];
const STARTED = ['start first', 'start second', 'start third'];

/** Starts the program. @returns its lines so far, and when one comes */
function start(...args: string[]) {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--input-type=module-typescript', '-e', PROGRAM, ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  reader.on('line', (line) => lines.push(line));
  const ended = Promise.all([once(child, 'exit'), once(reader, 'close')]).then(([[code]]) => code as number);
  const saw = async (line: string) => {
    while (!lines.includes(line)) await once(reader, 'line');
  };
  return { child, lines, ended, saw };
}

describe('runUntilSignal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'stops in reverse order on %s, each part drained before the next',
    async (signal) => {
      const { child, lines, ended, saw } = start();
      await saw('start third');
      child.kill(signal);
      expect(await ended).toBe(0);
      expect(lines).toEqual([...STARTED, 'stopping', ...GRACEFUL]);
    },
  );

  it('stops the rest and fails when a part rejects', async () => {
    const { lines, ended } = start('rejects');
    expect(await ended).toBe(1);
    expect(lines.filter((line) => line.startsWith('stopped'))).toEqual(['stopped third', 'stopped first']);
    expect(lines).toContain('component failed: second');
  });

  it('fails when a part ends that nobody told to, as then nothing does its work', async () => {
    const { lines, ended } = start('returns');
    expect(await ended).toBe(1);
    expect(lines).toContain('component failed: second');
  });

  it('goes on without a part that hangs, and fails', async () => {
    // The part behind it gets a third of this: long enough on a machine that stands still for a second or two.
    const { child, lines, ended, saw } = start('hangs', '8000');
    await saw('start third');
    child.kill('SIGTERM');
    expect(await ended).toBe(1);
    expect(lines).toContain('component did not stop in time: second');
    expect(lines).toContain('stopped first');
  });

  it('exits at once on a second signal', async () => {
    const { child, lines, ended, saw } = start('hangs', '60000');
    await saw('start third');
    child.kill('SIGTERM');
    await saw('stop second');
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(lines).not.toContain('stop first');
  });
});
