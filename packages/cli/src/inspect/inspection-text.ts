import { formatBytes } from '@checkpoint-warden/policy';
import { countOf } from '../text/count-of.ts';
import { formatAge } from '../text/format-age.ts';
import { formatFields } from '../text/format-fields.ts';
import { formatOwner } from '../text/format-owner.ts';
import { formatTime } from '../text/format-time.ts';
import type { Paint } from '../text/paint.ts';
import type { InspectedArchive } from './inspect-archive.ts';

/** One inspected archive for people. */
export function inspectionText(archive: InspectedArchive, nowMs: number, paint: Paint): string {
  const { path, name, reading, sizeBytes, mtimeMs } = archive;
  const fields: [string, string][] = [
    ['structure', structureOf(archive)],
    ['owner', ownerOf(archive)],
    ...evidenceOf(archive),
    [
      'taken',
      name === undefined ? 'not known: the time is in an archive’s name' : formatTime(name.createdAtMs),
    ],
    ['modified', `${formatTime(mtimeMs)}, ${formatAge(nowMs - mtimeMs)} ago`],
    ['size', formatBytes(sizeBytes)],
    ['read', formatBytes(reading.bytesRead)],
    ['pinned', pinOf(archive)],
  ];
  if (name === undefined) fields.push(['agent', 'never touches it: the name is not an archive’s']);
  return `${paint('bold', path)}\n${formatFields(fields, '  ')}`;
}

function structureOf({ reading }: InspectedArchive): string {
  if (reading.structure !== 'complete') return `${reading.structure}: ${reading.why}`;
  if (reading.trailingBytes === 0) return 'complete';
  return `complete, with ${countOf(reading.trailingBytes, 'byte')} after its end`;
}

function ownerOf({ reading }: InspectedArchive): string {
  if (reading.structure !== 'complete') return 'not known';
  if (reading.owner === undefined) return `not known: ${reading.why}`;
  return formatOwner(reading.owner);
}

/** How the owner is known. */
function evidenceOf({ reading }: InspectedArchive): [string, string][] {
  return reading.structure === 'complete' && reading.owner !== undefined ? [['evidence', reading.why]] : [];
}

function pinOf({ pinned, pinReason }: InspectedArchive): string {
  if (!pinned) return 'no';
  return pinReason ? `yes: ${pinReason}` : 'yes';
}
