import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readJsonFile, writeFileAtomic } from './atomic-file.ts';
import type { Damage } from './damage.ts';

let dir: string;
let file: string;
let damages: Damage[];
const clock = manualClock(Date.UTC(2026, 5, 1, 12, 30));
const handling = { clock, onDamage: (damage: Damage) => damages.push(damage) };
const isNumber = (value: unknown) => typeof value === 'number';

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cw-state-'));
  file = join(dir, 'policy.json');
  damages = [];
});
afterEach(() => {
  chmodSync(dir, 0o700);
  rmSync(dir, { recursive: true });
});

describe('writeFileAtomic', () => {
  it('replaces the file, for its owner alone, and leaves nothing else behind', () => {
    writeFileAtomic(file, '1');
    writeFileAtomic(file, '2');
    expect(readFileSync(file, 'utf8')).toBe('2');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(['policy.json']);
  });

  it('overwrites the temporary file that a crash left', () => {
    writeFileSync(`${file}.tmp`, 'a longer text of an older version');
    writeFileAtomic(file, '1');
    expect(readFileSync(file, 'utf8')).toBe('1');
  });

  it('keeps the old content and throws a retryable code when it cannot write', () => {
    writeFileSync(file, 'old');
    const attempt = () => writeFileAtomic(join(dir, 'none', 'policy.json'), 'new');
    expect(attempt).toThrowError(
      expect.objectContaining({ code: 'CW_ERR_STATE_UNWRITABLE', retryable: true }),
    );
    expect(readFileSync(file, 'utf8')).toBe('old');
  });
});

describe('readJsonFile', () => {
  it('gives the value', () => {
    writeFileAtomic(file, '7');
    expect(readJsonFile(file, isNumber, handling)).toBe(7);
    expect(damages).toEqual([]);
  });

  it('gives nothing where there is no file, which is no damage', () => {
    expect(readJsonFile(file, isNumber, handling)).toBeUndefined();
    expect(damages).toEqual([]);
  });

  it.each([
    ['cut off', '{"a":'],
    ['empty', ''],
    ['of another schema', '"seven"'],
    ['full of zeros', '\0\0\0\0'],
  ])('sets a file aside that is %s, reports it and goes on without', (_, content) => {
    writeFileSync(file, content);
    expect(readJsonFile(file, isNumber, handling)).toBeUndefined();
    const setAsideAs = `${file}.damaged-20260601T123000.000Z`;
    expect(damages).toEqual([{ file, reason: expect.any(String), setAsideAs }]);
    expect(readFileSync(setAsideAs, 'utf8')).toBe(content);
    expect(readJsonFile(file, isNumber, handling)).toBeUndefined();
    expect(damages).toHaveLength(1);
  });

  it('sets a directory of its name aside', () => {
    mkdirSync(file);
    expect(readJsonFile(file, isNumber, handling)).toBeUndefined();
    writeFileAtomic(file, '1');
    expect(readJsonFile(file, isNumber, handling)).toBe(1);
  });

  it('keeps the three newest damaged copies', () => {
    for (const content of ['a', 'b', 'c', 'd', 'e']) {
      writeFileSync(file, content);
      readJsonFile(file, isNumber, handling);
      clock.advance(1_000);
    }
    expect(readdirSync(dir).map((name) => readFileSync(join(dir, name), 'utf8'))).toEqual(['c', 'd', 'e']);
  });
});
