import { fileTimeOf } from '../text/format-time.ts';
import type { InspectedArchive } from './inspect-archive.ts';

/** One inspected archive for programs. */
export function inspectionDocument(archive: InspectedArchive): object {
  const { path, name, reading, sizeBytes, mtimeMs, pinned, pinReason } = archive;
  return {
    path,
    archiveName: name !== undefined,
    structure: reading.structure,
    why: reading.why,
    owner: reading.structure === 'complete' ? (reading.owner ?? null) : null,
    time: name === undefined ? null : fileTimeOf(name.createdAtMs),
    modified: fileTimeOf(mtimeMs),
    bytes: sizeBytes,
    bytesRead: reading.bytesRead,
    ...(reading.structure === 'complete' ? { trailingBytes: reading.trailingBytes } : {}),
    pinned,
    ...(pinReason ? { pinReason } : {}),
  };
}
