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
  it('of a version that knew no rules of groups is as before, without any', () => {
    const { recalled } = open([
      ['clock', 5],
      ['due/shop', true],
      ['archive/a', ARCHIVE],
    ]);
    expect(recalled).toEqual({
      archives: new Map([['a', ARCHIVE]]),
      due: new Set(['shop']),
      arrivals: new Map(),
      stillDue: new Map(),
    });
  });

  it.each([
    ['arrival', 'arrivals'],
    ['still-due', 'stillDue'],
  ] as const)(
    'has rules of the kind %s again after a restart, in a form that an older version lets be',
    (kind, of) => {
      const memory = open([['clock', 5]]);
      const change = (group: string, rule: string, value: true | undefined) =>
        ({ kind, group, rule, value }) as const;
      memory.save([
        change('shop/web-0', 'aa', true),
        change('shop/web-0', 'bb', true),
        change('shop', 'aa', true),
      ]);
      memory.save([change('shop', 'aa', undefined)]);
      journal.close();
      expect(open().recalled).toEqual({
        archives: new Map(),
        due: new Set(),
        arrivals: new Map(),
        stillDue: new Map(),
        [of]: new Map([['shop/web-0', new Set(['aa', 'bb'])]]),
      });
      const text = readFileSync(join(dir, 'inventory.jsonl'), 'utf8');
      expect(text.split('\n').slice(1, 3)).toEqual([
        `["${kind}/aa/shop/web-0",true]`,
        `["${kind}/bb/shop/web-0",true]`,
      ]);
    },
  );
});
