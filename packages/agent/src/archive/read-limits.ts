/**
 * What reading one archive may cost at most. A real archive has about 35 headers and some kilobytes of metadata; what
 * goes beyond these limits is hostile or no checkpoint, and is left alone as unreadable.
 */
const MIB = 2 ** 20;

/** CRIU writes about seven images for each process of a container. */
export const MAX_HEADERS = 100_000;

/** One PAX header or GNU long name. The same limit as Go's `archive/tar`, which the runtimes write and read with. */
export const MAX_EXTENSION_BYTES = MIB;

/** All PAX headers and GNU long names of one archive together. */
export const MAX_ALL_EXTENSIONS_BYTES = 8 * MIB;

/** `config.dump` or `spec.dump`. Kubernetes stores no object over 1.5 MiB, so a container's spec stays well below. */
export const MAX_DUMP_BYTES = 4 * MIB;

/**
 * Objects and arrays in one dump. Parsed, each takes some 150 bytes: without this limit, 4 MiB of `[` would take 300 MiB.
 */
export const MAX_DUMP_NODES = 100_000;

/** A compressed archive must be inflated to its end to be judged, so only small ones are: bytes in the file … */
export const MAX_COMPRESSED_BYTES = 4 * MIB;

/** … and bytes once inflated. */
export const MAX_INFLATED_BYTES = 16 * MIB;

/** The bytes that reading one file never exceeds. */
export const READ_BUDGET_BYTES = MAX_HEADERS * 512 + MAX_ALL_EXTENSIONS_BYTES + 2 * MAX_DUMP_BYTES;
