import type { ErrorCode } from './codes.ts';

/** One thing that is wrong with an input: where it is, what was found there and what to write instead. */
export interface Problem {
  /** Path inside the input, e.g. `spec.podPolicies[0].maxTotalSize`; empty for the input as a whole. */
  readonly path: string;
  /** What is wrong, as a sentence without a full stop. */
  readonly message: string;
  /** The value found, as JSON; absent where there is none. */
  readonly found?: string;
  /** What to write instead, or what to do. */
  readonly remedy?: string;
}

/**
 * The one error class of the program. The message is for people; programs match on {@link AppError.code}.
 *
 * Expected absence is `undefined` and the failure of one item of many is a row in a report; an `AppError` is thrown only
 * where the caller cannot go on.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** All that is wrong with an input, not just the first thing. */
  readonly problems: readonly Problem[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; retryable?: boolean; problems?: readonly Problem[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.problems = options.problems ?? [];
  }
}

/** Whether `error` is an {@link AppError}, optionally with one of the given codes. */
export function isAppError(error: unknown, ...codes: readonly ErrorCode[]): error is AppError {
  return error instanceof AppError && (codes.length === 0 || codes.includes(error.code));
}
