/** One of the two streams that a command writes to. */
export interface Output {
  write(text: string): void;
  /** Whether a person reads along. */
  readonly isTerminal: boolean;
  /** Width of the terminal in characters, where there is one. */
  readonly columns?: number | undefined;
}

/** All that a command gets from outside: results go to `stdout`, problems and progress to `stderr`. */
export interface CliIo {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readStdin: () => Promise<string>;
  /** Unix ms. */
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
}
