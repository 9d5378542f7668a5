import { expect, it } from 'vitest';
import { memoryIo } from '../memory-io.ts';
import { progressLine } from './progress-line.ts';

function scanFor(terminal: boolean) {
  let nowMs = 0;
  const io = memoryIo({ terminal, monotonicMs: () => nowMs });
  const progress = progressLine(io);
  return {
    io,
    progress,
    at(ms: number, done: number) {
      nowMs = ms;
      progress.update({ phase: 'reading', done, total: 10_000 });
    },
  };
}

it('shows nothing for the first second', () => {
  const { io, progress, at } = scanFor(true);
  at(999, 5_000);
  progress.clear();
  expect(io.written.stderr).toBe('');
});

it('then shows count and rate, at most ten times a second, and leaves no trace', () => {
  const { io, progress, at } = scanFor(true);
  at(2_000, 5_000);
  at(2_050, 5_100);
  at(2_100, 5_250);
  progress.clear();
  expect(io.written.stderr.split('\r\u001b[2K')).toEqual([
    '',
    'reading 5,000 of 10,000 archives (2,500/s)',
    'reading 5,250 of 10,000 archives (2,500/s)',
    '',
  ]);
});

it('shows nothing where stderr is no terminal', () => {
  const { io, progress, at } = scanFor(false);
  at(2_000, 5_000);
  progress.clear();
  expect(io.written.stderr).toBe('');
});
