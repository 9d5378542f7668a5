/** What PAX headers and GNU long names say about the entry that follows them. */
export interface TarExtension {
  readonly name?: string;
  readonly sizeBytes?: number;
}

/**
 * Reads the records of a PAX header: `<length> <key>=<value>\n`, each counting itself in full.
 *
 * @returns `undefined` where the records do not add up
 * @see POSIX.1-2024 `pax`, "pax Extended Header"
 */
export function parsePaxRecords(payload: Buffer): ReadonlyMap<string, string> | undefined {
  const records = new Map<string, string>();
  for (let start = 0; start < payload.length; ) {
    const space = payload.indexOf(0x20, start);
    // 20 digits are more than any length that could fit.
    if (space <= start || space > start + 20) return undefined;
    const digits = payload.toString('latin1', start, space);
    const end = start + Number(digits);
    if (!/^\d+$/.test(digits) || end > payload.length || payload[end - 1] !== 0x0a) return undefined;
    const equals = payload.indexOf(0x3d, space);
    if (equals <= space + 1 || equals >= end) return undefined;
    records.set(payload.toString('utf8', space + 1, equals), payload.toString('utf8', equals + 1, end - 1));
    start = end;
  }
  return records;
}

/**
 * What PAX records change about an entry. An empty value takes a record back, so the entry's own header counts.
 *
 * @returns `undefined` where `size` is no size, `'sparse'` for a file with holes, whose name and size are not what they seem
 */
export function extensionOfPax(records: ReadonlyMap<string, string>): TarExtension | 'sparse' | undefined {
  for (const key of records.keys()) if (key.startsWith('GNU.sparse.')) return 'sparse';
  const name = records.get('path') ?? '';
  const size = records.get('size') ?? '';
  if (!/^\d*$/.test(size)) return undefined;
  return { ...(name !== '' && { name }), ...(size !== '' && { sizeBytes: Number(size) }) };
}

/** The name in a GNU long name entry ends at its first NUL. */
export function extensionOfLongName(payload: Buffer): TarExtension {
  const nul = payload.indexOf(0);
  return { name: payload.toString('utf8', 0, nul === -1 ? payload.length : nul) };
}
