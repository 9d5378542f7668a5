/**
 * Every error code of the program, with what it means and how an HTTP call that runs into it answers.
 *
 * `docs/reference/errors.md` mirrors this table (a test holds both to each other). Match on codes, never on message text;
 * a retired code is never used again for something else.
 */
export const ERROR_CODES = {
  CW_ERR_USAGE: { status: 400, meaning: 'A command line or environment setting is wrong.' },
  CW_ERR_POLICY_INVALID: {
    status: 422,
    meaning: 'A policy has problems; every one is listed with its path.',
  },
  CW_ERR_POLICY_UNREADABLE: { status: 422, meaning: 'The policy file cannot be read.' },
  CW_ERR_POLICY_FROM_FILE: {
    status: 409,
    meaning: 'This agent takes its policy from a file and refuses what a controller pushes.',
  },
  CW_ERR_STALE_REVISION: { status: 409, meaning: 'The message is older than what is already in force.' },
  CW_ERR_REQUEST_INVALID: { status: 400, meaning: 'The request does not match the API schema.' },
  CW_ERR_NOT_FOUND: { status: 404, meaning: 'There is no such path or thing.' },
  CW_ERR_FORBIDDEN: { status: 403, meaning: 'The client certificate is not the controller’s.' },
  CW_ERR_NOT_READY: {
    status: 503,
    meaning:
      'The archives are not known: the first scan has not finished, or the checkpoint directory cannot be read.',
  },
  CW_ERR_ARCHIVE_UNREADABLE: { status: 500, meaning: 'An archive cannot be opened or read.' },
  CW_ERR_ARCHIVE_NOT_FOUND: { status: 404, meaning: 'There is no such archive in the checkpoint directory.' },
  CW_ERR_CHECKPOINT_DIR: {
    status: 500,
    meaning: 'The checkpoint directory cannot be read, or a pin cannot be made or removed in it.',
  },
  CW_ERR_STATE_LOCKED: { status: 500, meaning: 'Another agent already uses this state directory.' },
  CW_ERR_STATE_UNWRITABLE: { status: 500, meaning: 'The state directory cannot be written.' },
  CW_ERR_TLS: { status: 500, meaning: 'The TLS files are missing, unreadable or do not fit together.' },
  CW_ERR_LISTEN: { status: 500, meaning: 'A listening address cannot be bound.' },
  CW_ERR_UNREACHABLE: { status: 502, meaning: 'The other side does not answer, or not in time.' },
  CW_ERR_STALE_FACTS: {
    status: 409,
    meaning: 'What the message says is no longer fresh, or is about an earlier start of the agent.',
  },
  CW_ERR_AGENT_ANSWER: {
    status: 502,
    meaning: 'What answers at an agent’s address is not an agent of this version.',
  },
  CW_ERR_AGENT_NODE: {
    status: 421,
    meaning: 'The message is for the agent of another node than the one that answers at that address.',
  },
  CW_ERR_KUBE_API: { status: 502, meaning: 'A call to the Kubernetes API server failed.' },
  CW_ERR_INTERNAL: { status: 500, meaning: 'A bug: an invariant of the program does not hold.' },
} as const satisfies Record<string, { status: number; meaning: string }>;

/** One of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;
