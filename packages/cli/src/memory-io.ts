import type { CliIo } from './cli-io.ts';

/** A world without a process: what a command writes is collected. */
export interface MemoryIo extends CliIo {
  /** What has been written so far. */
  readonly written: { readonly stdout: string; readonly stderr: string };
}

/** @param surroundings - what is not as in a pipe, with an empty environment and standard input */
export function memoryIo(
  surroundings: Partial<Omit<CliIo, 'stdout' | 'stderr'>> & { readonly terminal?: boolean } = {},
): MemoryIo {
  const { terminal = false, ...rest } = surroundings;
  const written = { stdout: '', stderr: '' };
  const output = (name: keyof typeof written) => ({
    write(text: string) {
      written[name] += text;
    },
    isTerminal: terminal,
    columns: terminal ? 80 : undefined,
  });
  return {
    stdout: output('stdout'),
    stderr: output('stderr'),
    env: {},
    readStdin: async () => '',
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    ...rest,
    written,
  };
}
