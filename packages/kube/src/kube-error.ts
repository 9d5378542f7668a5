import { AppError } from '@checkpoint-warden/errors';

/** What is known of a call that failed. */
export interface KubeFailure {
  /** `list`, `watch`, `get`, `create`, `update`, `patch`: the verb as RBAC names it. */
  readonly verb: string;
  /** As RBAC names it: `pods`, `leases.coordination.k8s.io`, `…/status`. */
  readonly resource: string;
  /** HTTP status; 0 when there was no complete answer. */
  readonly status: number;
  /** `reason` of the Status object, e.g. `Forbidden`, `Conflict`, `Expired`; empty when the answer held none. */
  readonly reason: string;
  readonly message: string;
  /** What the server asks to wait before the next attempt, in ms. */
  readonly retryAfterMs?: number;
}

/** A call to the API server that failed, or whose answer is none. Code `CW_ERR_KUBE_API`. */
export class KubeError extends AppError {
  readonly verb: string;
  readonly resource: string;
  readonly status: number;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;

  constructor(failure: KubeFailure, cause?: unknown) {
    const { verb, resource, status, reason, message, retryAfterMs } = failure;
    const answer = [status === 0 ? 'no answer' : String(status), reason]
      .filter((part) => part !== '')
      .join(' ');
    const remedy =
      status === 403 ? `; grant the controller's service account the verb ${verb} on ${resource}` : '';
    super('CW_ERR_KUBE_API', `${verb} ${resource}: ${answer}: ${message}${remedy}`, {
      cause,
      retryable: status === 0 || status === 429 || status >= 500,
    });
    this.verb = verb;
    this.resource = resource;
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}
