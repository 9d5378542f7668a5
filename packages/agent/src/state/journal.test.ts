import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Damage } from './damage.ts';
import { type Journal, openJournal } from './journal.ts';

let dir: string;
let file: string;
let damages: Damage[];
let journal: Journal<number> | undefined;
const handling = { clock: manualClock(), onDamage: (damage: Damage) => damages.push(damage) };
const isNumber = (value: unknown) => typeof value === 'number';

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cw-journal-'));
  file = join(dir, 'inventory.jsonl');
  damages = [];
});
afterEach(() => {
  journal?.close();
  rmSync(dir, { recursive: true });
});

/** Opens the journal as a restarted agent does. */
function reopen(): Journal<number> {
  journal?.close();
  journal = openJournal(file, isNumber, handling);
  return journal;
}

const lineCount = () => readFileSync(file, 'utf8').split('\n').length - 1;

describe('openJournal', () => {
  it('has what was appended after a restart: last value wins, removed keys are gone', () => {
    reopen().append([
      ['a', 1],
      ['b', 2],
    ]);
    reopen().append([
      ['a', 3],
      ['b', undefined],
      ['line\nbreak', 4],
    ]);
    expect([...reopen().entries]).toEqual([
      ['a', 3],
      ['line\nbreak', 4],
    ]);
  });

  it('drops a torn last line silently and goes on after it', () => {
    reopen().append([['a', 1]]);
    appendFileSync(file, '["b",2');
    expect([...reopen().entries]).toEqual([['a', 1]]);
    reopen().append([['c', 3]]);
    expect([...reopen().entries.keys()]).toEqual(['a', 'c']);
    expect(damages).toEqual([]);
  });

  it.each([
    ['is no JSON', '["a",1]\n{{{\n["b",2]\n'],
    ['is no entry', '["a",1]\n[1,2]\n'],
    ['is of another schema', '["a","one"]\n'],
    ['is zeros', '["a",1]\n\0\0\0\0\n["b",2]\n'],
    ['would be two', '["a",1],["b",2]\n["c",3]\n[]\n'],
  ])('sets the file aside when a line %s, and starts empty', (_, content) => {
    writeFileSync(file, content);
    expect(reopen().entries.size).toBe(0);
    expect(damages).toMatchObject([{ file }]);
    reopen().append([['d', 4]]);
    expect([...reopen().entries]).toEqual([['d', 4]]);
    expect(damages).toHaveLength(1);
  });

  it('rewrites the file when most of its lines are superseded', () => {
    const opened = reopen();
    for (let round = 0; round < 2_000; round += 1) opened.append([['a', round]]);
    expect(lineCount()).toBeLessThan(1_100);
    expect(readdirSync(dir)).toEqual(['inventory.jsonl']);
    expect([...reopen().entries]).toEqual([['a', 1_999]]);
  });

  it('writes everything anew after a failed write', () => {
    const opened = reopen();
    opened.append([['a', 1]]);
    for (let round = 0; round < 998; round += 1) opened.append([['b', round]]);
    rmSync(dir, { recursive: true });
    // The next lines make a rewrite due, and it has nowhere to go.
    const many = Array.from({ length: 10 }, (_, round) => ['b', round] as const);
    expect(() => opened.append(many)).toThrowError(
      expect.objectContaining({ code: 'CW_ERR_STATE_UNWRITABLE', retryable: true }),
    );
    expect(opened.entries.get('b')).toBe(9);
    dir = mkdtempSync(join(tmpdir(), 'cw-journal-'));
  });
});
