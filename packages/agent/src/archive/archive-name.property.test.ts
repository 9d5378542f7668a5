import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ownerArbitrary } from '../testing/arbitraries.ts';
import { archiveFileName } from '../testing/build-archive.ts';
import { parseArchiveName } from './archive-name.ts';

const alphabet = [...'abz019-._*/TZ:+ \0\n', 'checkpoint-', '2026-11-23T13:11:16', '.tar', '..', 'é'];

it('finds pod, joined name and time of every name the kubelet can write', () => {
  const seconds = fc.integer({ min: 0, max: 4_102_444_800 });
  fc.assert(
    fc.property(ownerArbitrary, seconds, fc.integer({ min: -840, max: 840 }), (owner, second, zone) => {
      const local = new Date((second + zone * 60) * 1000).toISOString().slice(0, 19);
      fc.pre(local >= '1970');
      const sign = zone < 0 ? '-' : '+';
      const hours = String(Math.floor(Math.abs(zone) / 60)).padStart(2, '0');
      const minutes = String(Math.abs(zone) % 60).padStart(2, '0');
      const name = archiveFileName(owner, `${local}${sign}${hours}:${minutes}`);
      fc.pre(name.length <= 255);
      expect(parseArchiveName(name)).toEqual({
        pod: owner.pod,
        joined: `${owner.namespace}-${owner.container}`,
        createdAtMs: second * 1000,
      });
    }),
  );
});

it('never throws, and what it accepts holds nothing but harmless characters', () => {
  const parts = fc.array(fc.constantFrom(...alphabet), { maxLength: 40 }).map((all) => all.join(''));
  const near = parts.map((text) => `checkpoint-${text}-2026-11-23T13:11:16Z.tar`);
  fc.assert(
    fc.property(fc.oneof(fc.string(), parts, near), (name) => {
      const parsed = parseArchiveName(name);
      if (parsed === undefined) return;
      expect(name).toMatch(/^[a-zA-Z0-9.:+_-]{1,255}$/);
      expect(name).not.toContain('..');
      expect(name.startsWith(`checkpoint-${parsed.pod}_${parsed.joined}-`)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
