import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { formatLogLine } from './format-log-line.ts';
import type { LogLevel } from './log-levels.ts';

export type { Logger } from 'pino';

/** How a logger writes. */
export interface LoggerOptions {
  readonly level: LogLevel;
  /** Whether people read along: short lines instead of JSON. Decided by who calls, from `process.stderr.isTTY`. */
  readonly terminal: boolean;
  /** Where lines go; stderr unless told, as stdout belongs to a command's output. */
  readonly destination?: DestinationStream;
}

/**
 * Makes the program's logger. Messages are constant, what varies stands in keys.
 *
 * Lines are written synchronously: the last words before a crash are the ones that matter, and an agent writes few. No
 * pino transport: those are worker threads that load their code from a file, and the program is one file.
 */
export function createLogger({
  level,
  terminal,
  destination = pino.destination({ dest: 2, sync: true }),
}: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    terminal ? { write: (line: string) => destination.write(formatLogLine(line)) } : destination,
  );
}
