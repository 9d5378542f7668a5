import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { pinNameOf } from '@checkpoint-warden/agent';

/** A reason is a line or two; no more of a pin is read. */
const MAX_REASON_BYTES = 4096;

const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * What a pin says: the text that whoever made it put into the file.
 *
 * @param archivePath - path of the archive
 * @returns `undefined` without a readable pin; empty where it gives no reason
 */
export function readPinReason(archivePath: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(pinNameOf(archivePath), OPEN_FLAGS);
    if (!fstatSync(fd).isFile()) return undefined;
    const buffer = Buffer.alloc(MAX_REASON_BYTES);
    const bytes = readSync(fd, buffer, 0, buffer.length, 0);
    return printable(buffer.toString('utf8', 0, bytes));
  } catch {
    return undefined; // safe: only the reason is lost; whether there is a pin is decided elsewhere
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** One line without control characters: the file is free text and must not steer a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim();
}
