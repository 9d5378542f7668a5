import { closeSync, openSync, readSync } from 'node:fs';

const BLOCK = 512;

/**
 * The least that finds the end of a plain tar: one `pread` for each header, whose size tells where the next one is. Trusts
 * what it reads.
 *
 * @param block - 512 bytes to read headers into
 * @param onHeader - told the size of each entry whose header is in the block
 * @returns whether it came to a zero block
 */
export function hopHeaders(path: string, block: Buffer, onHeader?: (bytes: number) => void): boolean {
  const fd = openSync(path, 'r');
  let position = 0;
  let isComplete = false;
  while (!isComplete && readSync(fd, block, 0, BLOCK, position) === BLOCK) {
    isComplete = block[0] === 0;
    const bytes = Number.parseInt(block.toString('latin1', 124, 135), 8);
    if (!isComplete) onHeader?.(bytes);
    position += BLOCK + Math.ceil(bytes / BLOCK) * BLOCK;
  }
  closeSync(fd);
  return isComplete;
}
