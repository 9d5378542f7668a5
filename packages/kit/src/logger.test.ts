import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.ts';

function capture(terminal: boolean) {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', terminal, destination: { write: (line) => lines.push(line) } });
  return { lines, log };
}

describe('createLogger', () => {
  it('writes one JSON object a line when nobody reads along', () => {
    const { lines, log } = capture(false);
    log.info({ archive: 'a.tar' }, 'archive deleted');
    log.debug('not at this level');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), archive: 'a.tar', msg: 'archive deleted' },
    ]);
  });

  it('writes short lines on a terminal', () => {
    const { lines, log } = capture(true);
    log.warn({ archive: 'a b.tar', bytes: 12, owner: { pod: 'web-0' } }, 'archive kept');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d warn {2}archive kept archive="a b.tar" bytes=12 owner={"pod":"web-0"}\n$/,
    );
  });

  it('shows an error with its stack on a terminal', () => {
    const { lines, log } = capture(true);
    log.error({ err: new TypeError('no') }, 'pass failed');
    expect(lines[0]).toMatch(/ error pass failed err=no\nTypeError: no\n +at /);
  });

  it('lets no control character of a file name reach the terminal', () => {
    const { lines, log } = capture(true);
    log.info({ archive: '\u001b[2J\n' }, 'archive found');
    expect(lines[0]).toContain('archive="\\u001b[2J\\n"');
  });
});
