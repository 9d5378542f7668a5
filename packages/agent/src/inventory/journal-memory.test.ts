import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Journal, openJournal } from '../state/journal.ts';
import { isJournalValue, type JournalValue, journalMemory } from './journal-memory.ts';

let dir: string;
let journal: Journal<JournalValue>;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'checkpoint-warden-memory-'));
});
afterEach(() => {
  journal.close();
  rmSync(dir, { recursive: true });
});

function open(lines?: readonly unknown[]) {
  const path = join(dir, 'inventory.jsonl');
  if (lines !== undefined) writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  journal = openJournal(path, isJournalValue, {
    clock: manualClock(),
    onDamage: ({ file }) => {
      throw new Error(`${file} is damaged`);
    },
  });
  return journalMemory(journal);
}

const ARCHIVE = { file: '1', structure: 'complete', why: '', quiet: true, arrived: true };

describe('memory in a journal', () => {
  it('of a version that knew no rules of arrivals is as before, without any', () => {
    const { recalled } = open([
      ['clock', 5],
      ['due/shop', true],
      ['archive/a', ARCHIVE],
    ]);
    expect(recalled).toEqual({
      archives: new Map([['a', ARCHIVE]]),
      due: new Set(['shop']),
      arrivals: new Map(),
    });
  });

  it('has the rules under which something has arrived again after a restart, in a form that an older version lets be', () => {
    const memory = open([['clock', 5]]);
    const arrival = (group: string, rule: string, value: true | undefined) =>
      ({ kind: 'arrival', group, rule, value }) as const;
    memory.save([
      arrival('shop/web-0', 'aa', true),
      arrival('shop/web-0', 'bb', true),
      arrival('shop', 'aa', true),
    ]);
    memory.save([arrival('shop', 'aa', undefined)]);
    journal.close();
    expect(open().recalled).toEqual({
      archives: new Map(),
      due: new Set(),
      arrivals: new Map([['shop/web-0', new Set(['aa', 'bb'])]]),
    });
    const text = readFileSync(join(dir, 'inventory.jsonl'), 'utf8');
    expect(text.split('\n').slice(1, 3)).toEqual([
      '["arrival/aa/shop/web-0",true]',
      '["arrival/bb/shop/web-0",true]',
    ]);
  });
});
