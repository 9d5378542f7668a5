import { hopTar, type TarEnd, type TarEntry, type TarSource } from './hop-tar.ts';
import { type JsonObject, parseJsonObject } from './json-object.ts';
import { MAX_DUMP_BYTES, MAX_DUMP_NODES } from './read-limits.ts';

/**
 * One of the two JSON files that a checkpoint must hold.
 * - `repeated`: more than once in the archive. No runtime writes that, and which one counts depends on who reads (whoever
 *   extracts gets the last, whoever searches the first), so neither is believed.
 */
export type Dump =
  | { readonly state: 'missing' | 'repeated' | 'too-large' | 'invalid' }
  | { readonly state: 'read'; readonly value: JsonObject };

export interface Dumps {
  readonly end: TarEnd;
  readonly config: Dump;
  readonly spec: Dump;
}

/** Walks a tar and reads `config.dump` and `spec.dump` on the way, nothing else. */
export function readDumps(source: TarSource): Dumps {
  let config: Dump = { state: 'missing' };
  let spec: Dump = { state: 'missing' };
  const end = hopTar(source, (entry) => {
    // Some tools pack a directory as `.`, which puts `./` before each name.
    const name = entry.name.startsWith('./') ? entry.name.slice(2) : entry.name;
    if (name === 'config.dump') config = nextDump(config, source, entry);
    else if (name === 'spec.dump') spec = nextDump(spec, source, entry);
  });
  return { end, config, spec };
}

function nextDump(before: Dump, source: TarSource, entry: TarEntry): Dump {
  if (before.state !== 'missing') return { state: 'repeated' };
  if (entry.type !== '0' && entry.type !== '7') return { state: 'invalid' };
  if (entry.sizeBytes > MAX_DUMP_BYTES) return { state: 'too-large' };
  const content = Buffer.allocUnsafe(entry.sizeBytes);
  if (source.readAt(content, entry.position) < content.length) return { state: 'invalid' };
  if (mayExceedNodes(content)) return { state: 'too-large' };
  const value = parseJsonObject(content.toString());
  return value === undefined ? { state: 'invalid' } : { state: 'read', value };
}

/** Brackets within strings count as well: good enough, as real dumps stay far below the limit. */
function mayExceedNodes(json: Buffer): boolean {
  if (json.length <= MAX_DUMP_NODES) return false;
  let opened = 0;
  for (let i = 0; i < json.length; i++) if (json[i] === 0x5b || json[i] === 0x7b) opened++;
  return opened > MAX_DUMP_NODES;
}
