import { describe, expect, it } from 'vitest';
import { archiveNameOfPin, parseArchiveName, pinNameOf } from './archive-name.ts';

const at = (time: string) => `checkpoint-web-0_default-app-${time}.tar`;

describe('parseArchiveName', () => {
  it('reads the form the kubelet writes', () => {
    expect(parseArchiveName(at('2026-11-23T13:11:16Z'))).toEqual({
      pod: 'web-0',
      joined: 'default-app',
      createdAtMs: Date.UTC(2026, 10, 23, 13, 11, 16),
    });
  });

  it.each([
    ['a zone east of UTC', '2026-11-23T13:11:16+05:30', '2026-11-23T07:41:16Z'],
    ['a zone west of UTC', '2026-11-23T13:11:16-09:30', '2026-11-23T22:41:16Z'],
    ['the easternmost zone', '2026-01-01T00:00:00+14:00', '2025-12-31T10:00:00Z'],
    ['an unknown local zone', '2026-11-23T13:11:16-00:00', '2026-11-23T13:11:16Z'],
    ['no zone, which is UTC', '2026-11-23T13:11:16', '2026-11-23T13:11:16Z'],
    ['a fraction, rounded down', '2026-11-23T13:11:16.987654321Z', '2026-11-23T13:11:16.987Z'],
    ['a fraction of one digit', '2026-11-23T13:11:16.5Z', '2026-11-23T13:11:16.500Z'],
    ['a leap day', '2028-02-29T00:00:00Z', '2028-02-29T00:00:00Z'],
  ])('understands %s', (_, time, expected) => {
    expect(parseArchiveName(at(time))?.createdAtMs).toBe(Date.parse(expected));
  });

  it.each([
    ['30 February', '2026-02-30T00:00:00Z'],
    ['29 February of a common year', '2100-02-29T00:00:00Z'],
    ['31 April', '2026-04-31T00:00:00Z'],
    ['day 0', '2026-04-00T00:00:00Z'],
    ['month 13', '2026-13-01T00:00:00Z'],
    ['month 0', '2026-00-01T00:00:00Z'],
    ['hour 24', '2026-11-23T24:00:00Z'],
    ['minute 60', '2026-11-23T13:60:00Z'],
    ['second 60', '2026-11-23T13:11:60Z'],
    ['a zone beyond +14:00', '2026-11-23T13:11:16+14:01'],
    ['a zone of 60 minutes', '2026-11-23T13:11:16+05:60'],
    ['a zone without a colon', '2026-11-23T13:11:16+0530'],
    ['a year before the epoch', '1969-12-31T23:59:59Z'],
    ['a year of two digits', '26-11-23T13:11:16Z'],
    ['a lower-case t', '2026-11-23t13:11:16Z'],
    ['an empty fraction', '2026-11-23T13:11:16.Z'],
    ['ten digits of fraction', '2026-11-23T13:11:16.1234567890Z'],
    ['no seconds', '2026-11-23T13:11Z'],
  ])('takes %s for a foreign file', (_, time) => {
    expect(parseArchiveName(at(time))).toBeUndefined();
  });

  it('finds the time from the right, however much the names look like one', () => {
    expect(parseArchiveName('checkpoint-2026-01-01_2026-01-01-a-2026-11-23T13:11:16Z.tar')).toMatchObject({
      pod: '2026-01-01',
      joined: '2026-01-01-a',
    });
  });

  it.each([
    ['an empty name', ''],
    ['no container', 'checkpoint-web-0_default-2026-11-23T13:11:16Z.tar'],
    ['no namespace', 'checkpoint-web-0_-app-2026-11-23T13:11:16Z.tar'],
    ['no pod', 'checkpoint-_default-app-2026-11-23T13:11:16Z.tar'],
    ['two underscores', 'checkpoint-web_0_default-app-2026-11-23T13:11:16Z.tar'],
    ['capital letters', 'checkpoint-Web-0_default-app-2026-11-23T13:11:16Z.tar'],
    ['another prefix', 'snapshot-web-0_default-app-2026-11-23T13:11:16Z.tar'],
    ['another suffix', 'checkpoint-web-0_default-app-2026-11-23T13:11:16Z.tar.gz'],
    ['a pin', 'checkpoint-web-0_default-app-2026-11-23T13:11:16Z.tar.keep'],
    ['a trailing newline', 'checkpoint-web-0_default-app-2026-11-23T13:11:16Z.tar\n'],
    ['an asterisk', 'checkpoint-web-*_default-app-2026-11-23T13:11:16Z.tar'],
    ['two dots', 'checkpoint-web..0_default-app-2026-11-23T13:11:16Z.tar'],
    ['a path upwards', 'checkpoint-../web-0_default-app-2026-11-23T13:11:16Z.tar'],
    ['a slash', 'x/checkpoint-web-0_default-app-2026-11-23T13:11:16Z.tar'],
    ['a NUL', 'checkpoint-web\0-0_default-app-2026-11-23T13:11:16Z.tar'],
    ['a space', 'checkpoint-web 0_default-app-2026-11-23T13:11:16Z.tar'],
    ['digits that are not ASCII', 'checkpoint-web-0_default-app-٢٠٢٦-11-23T13:11:16Z.tar'],
    ['a letter that is not ASCII', 'checkpoint-wéb-0_default-app-2026-11-23T13:11:16Z.tar'],
  ])('takes %s for a foreign file', (_, name) => {
    expect(parseArchiveName(name)).toBeUndefined();
  });

  it('accepts names of up to 255 bytes and none longer', () => {
    const named = (bytes: number) => `checkpoint-${'p'.repeat(bytes - 40)}_d-a-2026-11-23T13:11:16Z.tar`;
    expect(named(255)).toHaveLength(255);
    expect(parseArchiveName(named(255))?.pod).toHaveLength(215);
    expect(parseArchiveName(named(256))).toBeUndefined();
  });
});

describe('pins', () => {
  it('stand beside their archive', () => {
    const name = at('2026-11-23T13:11:16Z');
    expect(pinNameOf(name)).toBe(`${name}.keep`);
    expect(archiveNameOfPin(`${name}.keep`)).toBe(name);
  });

  it('belong to archives only', () => {
    expect(archiveNameOfPin('notes.txt.keep')).toBeUndefined();
    expect(archiveNameOfPin('.keep')).toBeUndefined();
    expect(archiveNameOfPin(at('2026-11-23T13:11:16Z'))).toBeUndefined();
  });
});
