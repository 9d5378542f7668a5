import { beforeEach, describe, expect, it } from 'vitest';
import type { ArchiveStore, ListedFile } from '../archive/archive-store.ts';

/** A store under test, with a hand in its directory from outside. */
export interface StoreUnderTest {
  readonly store: ArchiveStore;
  /** Writes a new complete archive of shop/web-0/app, or one that is cut off. */
  write(name: string, structure: 'complete' | 'incomplete'): void;
  /** Makes the file that is there another one with the same name. */
  change(name: string): void;
  pin(name: string): void;
  erase(name: string): void;
}

const NAME = 'checkpoint-web-0_shop-app-2026-01-01T00:00:01Z.tar';
const OTHER = 'checkpoint-web-0_shop-app-2026-01-01T00:00:02Z.tar';

/** What every `ArchiveStore` does, whatever its directory is made of. */
export function describeArchiveStore(kind: string, make: () => StoreUnderTest): void {
  describe(`the archive store ${kind}`, () => {
    let made: StoreUnderTest;
    beforeEach(() => {
      made = make();
    });

    function stat(name = NAME): ListedFile {
      const file = made.store.stat(name);
      if (file === undefined) throw new Error(`${name} is not there`);
      return file;
    }

    it('lists archives as it stats them, with their pins', async () => {
      made.write(NAME, 'complete');
      made.write(OTHER, 'incomplete');
      made.pin(OTHER);
      const { files, unknown } = await made.store.list();
      expect(Object.fromEntries(files.map((file) => [file.name, file]))).toEqual({
        [NAME]: stat(NAME),
        [OTHER]: stat(OTHER),
      });
      expect([stat(NAME).pinned, stat(OTHER).pinned]).toEqual([false, true]);
      expect(unknown).toEqual([]);
    });

    it('knows nothing of a file that is not there', () => {
      expect(made.store.stat(NAME)).toBeUndefined();
    });

    it('reads what an archive is and whose', () => {
      made.write(NAME, 'complete');
      made.write(OTHER, 'incomplete');
      expect(made.store.read(stat(NAME))).toMatchObject({
        structure: 'complete',
        owner: { namespace: 'shop', pod: 'web-0', container: 'app' },
        settled: true,
      });
      expect(made.store.read(stat(OTHER))).toMatchObject({ structure: 'incomplete', settled: true });
    });

    it('does not settle on a file that has changed since it was listed', () => {
      made.write(NAME, 'complete');
      const before = stat();
      made.change(NAME);
      expect(made.store.read(before)).toMatchObject({ structure: 'incomplete', settled: false });
    });

    it('deletes the file that was planned', async () => {
      made.write(NAME, 'complete');
      expect(made.store.remove({ ...stat(), leftover: false })).toEqual({ result: 'deleted' });
      expect((await made.store.list()).files).toEqual([]);
    });

    it('keeps a file that has changed since it was planned', () => {
      made.write(NAME, 'complete');
      const planned = stat();
      made.change(NAME);
      expect(made.store.remove({ ...planned, leftover: false })).toMatchObject({ result: 'changed' });
      expect(made.store.stat(NAME)).toBeDefined();
    });

    it('keeps a file that has been pinned since it was planned', () => {
      made.write(NAME, 'complete');
      const planned = stat();
      made.pin(NAME);
      expect(made.store.remove({ ...planned, leftover: false })).toMatchObject({ result: 'pinned' });
      expect(made.store.stat(NAME)).toBeDefined();
    });

    it('takes a file that has gone since it was planned for done', () => {
      made.write(NAME, 'complete');
      const planned = stat();
      made.erase(NAME);
      expect(made.store.remove({ ...planned, leftover: false })).toEqual({ result: 'already-gone' });
    });

    it('removes as a leftover only what still is incomplete', () => {
      made.write(NAME, 'complete');
      expect(made.store.remove({ ...stat(), leftover: true })).toMatchObject({ result: 'changed' });
      made.write(OTHER, 'incomplete');
      expect(made.store.remove({ ...stat(OTHER), leftover: true })).toEqual({ result: 'deleted' });
    });

    it('tells size and room of its filesystem', () => {
      const { sizeBytes, availBytes } = made.store.disk();
      expect(sizeBytes).toBeGreaterThanOrEqual(availBytes);
      expect(availBytes).toBeGreaterThan(0);
    });
  });
}
