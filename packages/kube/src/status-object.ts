/**
 * What the API server says of a call that failed.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/definitions/status-v1-meta/
 */
export interface StatusObject {
  readonly kind: 'Status';
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly retryAfterSeconds?: number;
  };
}

/** @returns `undefined` when `value` is none */
export function asStatusObject(value: unknown): StatusObject | undefined {
  const status = value as StatusObject | null | undefined;
  return typeof status === 'object' && status?.kind === 'Status' ? status : undefined;
}
