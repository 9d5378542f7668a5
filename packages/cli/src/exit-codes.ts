import type { AppError, ErrorCode } from '@checkpoint-warden/errors';

/** Exit codes of every command. */
export const EXIT = {
  done: 0,
  /** Something failed. */
  failed: 1,
  /** Wrong use or invalid input: nothing was tried. Also where a file that is named does not exist. */
  invalid: 2,
  /** `plan --exit-code` found archives that would be deleted. */
  deletions: 3,
} as const;

const INVALID_INPUT: readonly ErrorCode[] = [
  'CW_ERR_USAGE',
  'CW_ERR_POLICY_INVALID',
  'CW_ERR_POLICY_UNREADABLE',
  'CW_ERR_ARCHIVE_NOT_FOUND',
];

export function exitCodeOf({ code }: AppError): number {
  return INVALID_INPUT.includes(code) ? EXIT.invalid : EXIT.failed;
}
