import type { Owner } from '@checkpoint-warden/policy';
import type { ArchiveName } from './archive-name.ts';
import type { TarSource } from './hop-tar.ts';
import { identify } from './identify.ts';
import { inflateArchive } from './inflate-archive.ts';
import { type Dump, type Dumps, readDumps } from './read-dumps.ts';

/** What the bytes of an archive show; see `ArchiveReading`. */
export type Judgement =
  | {
      readonly structure: 'complete';
      readonly owner: Owner | undefined;
      readonly trailingBytes: number;
      readonly why: string;
    }
  | { readonly structure: 'incomplete' | 'unreadable'; readonly why: string };

/**
 * Judges an archive by its bytes and its name.
 *
 * A compressed archive is complete or unreadable, never incomplete: runtimes write plain tars, so it is no leftover of a
 * failed checkpoint but somebody's copy.
 *
 * @param name - `undefined` where the file name is not an archive's; such a file never has an owner
 */
export function judgeArchive(source: TarSource, name: ArchiveName | undefined): Judgement {
  const dumps = readDumps(source);
  if (dumps.end.kind !== 'not-a-tar') return judgeDumps(dumps, name);
  const inflated = inflateArchive(source);
  if (inflated === undefined) return { structure: 'unreadable', why: 'not a tar archive' };
  if (inflated.kind === 'refused') return { structure: 'unreadable', why: inflated.why };
  const judgement = judgeDumps(readDumps(inflated.source), name);
  if (judgement.structure !== 'incomplete') return judgement;
  return { structure: 'unreadable', why: `compressed, and once inflated ${judgement.why}` };
}

function judgeDumps(dumps: Dumps, name: ArchiveName | undefined): Judgement {
  const { end, config, spec } = dumps;
  switch (end.kind) {
    case 'not-a-tar':
      return { structure: 'unreadable', why: 'not a tar archive' };
    case 'unsupported':
    case 'over-budget':
      return { structure: 'unreadable', why: end.what };
    case 'truncated':
      return { structure: 'incomplete', why: `cut off at byte ${end.position}` };
    case 'broken':
      return { structure: 'incomplete', why: `no tar header at byte ${end.position}` };
    case 'end': {
      if (config.state !== 'read') return flaw('config.dump', config.state);
      if (spec.state !== 'read') return flaw('spec.dump', spec.state);
      const identity =
        name === undefined
          ? { owner: undefined, why: 'its name is not an archive’s' }
          : identify(name, { config: config.value, spec: spec.value });
      return { structure: 'complete', ...identity, trailingBytes: end.trailingBytes };
    }
  }
}

/** What is wrong with a file that a complete archive must have once. */
function flaw(file: string, state: Exclude<Dump['state'], 'read'>): Judgement {
  switch (state) {
    case 'missing':
      return { structure: 'incomplete', why: `${file} is missing` };
    case 'invalid':
      return { structure: 'incomplete', why: `${file} is not a JSON object` };
    case 'repeated':
      return { structure: 'unreadable', why: `${file} is in it more than once` };
    case 'too-large':
      return { structure: 'unreadable', why: `${file} is larger than any checkpoint’s` };
  }
}
