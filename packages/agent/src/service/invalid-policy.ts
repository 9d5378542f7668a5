import { AppError, isAppError } from '@checkpoint-warden/errors';

/**
 * The error handler of the routes whose body has a compiled policy as `policy`. Where all that is wrong with a request lies in
 * there, the request is right and its policy is not: the answer says `CW_ERR_POLICY_INVALID`. The server's own error handler
 * does the rest.
 *
 * @throws always: that error, or the one it was given
 */
export function tellInvalidPolicy(error: Error): never {
  if (!isAppError(error, 'CW_ERR_REQUEST_INVALID') || !error.problems.every(({ path }) => isInPolicy(path)))
    throw error;
  const { problems } = error;
  throw new AppError('CW_ERR_POLICY_INVALID', 'the compiled policy is not valid', { problems });
}

/** `body.policy`, `body.policy.rules[0]`; not `body.policyHash`. */
function isInPolicy(path: string): boolean {
  return /^body\.policy(?![\w-])/.test(path);
}
