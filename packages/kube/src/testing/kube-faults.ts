import type { Clock } from '@checkpoint-warden/kit';
import type { ObjectKey } from '../kube-api.ts';
import { KubeError } from '../kube-error.ts';
import { type Resource, resourceName } from '../resource.ts';

/** A call on its way to the API server. */
export interface KubeCall {
  /** As RBAC names it: `replace` is an update, `applyStatus` a patch. */
  readonly verb: 'list' | 'watch' | 'get' | 'create' | 'update' | 'patch';
  readonly resource: Resource;
  /** Of calls about one object. */
  readonly key?: ObjectKey;
}

/**
 * What becomes of a call:
 * `error`: it fails, and with `afterEffect` it has taken effect all the same;
 * `delayMs`: it arrives so much later, or with `afterEffect` its answer does. Where that is longer than the time limit the
 * caller gets no answer; a late call still takes effect when it arrives. Of a watch, each event is so late;
 * `hang`: it never arrives.
 */
export type KubeFault =
  | 'ok'
  | 'hang'
  | { readonly error: KubeError; readonly afterEffect?: true }
  | { readonly delayMs: number; readonly afterEffect?: true };

/** Decides what becomes of each call. */
export type KubeFaults = (call: KubeCall) => KubeFault;

const NEVER = new AbortController().signal;

/**
 * Sends a call through its fault.
 *
 * @param effect - what the server does with it, and its answer
 * @returns when there is an answer
 * @throws what `effect` throws, a fault's error, `noAnswer` after `timeoutMs`, or the reason of `signal`
 */
export async function sendThrough<R>(
  fault: KubeFault,
  call: KubeCall,
  effect: () => R,
  { clock, timeoutMs, signal }: { clock: Clock; timeoutMs: number; signal: AbortSignal },
): Promise<R> {
  signal.throwIfAborted();
  // No answer ever comes in the same turn as the question.
  await undefined;
  if (fault === 'ok') return answered(effect(), signal);
  if (fault === 'hang') return silence();
  if ('error' in fault) {
    if (fault.afterEffect) attempt(effect);
    throw fault.error;
  }
  if (fault.afterEffect) {
    const outcome = attempt(effect);
    if (fault.delayMs > timeoutMs) return silence();
    await clock.sleep(fault.delayMs, signal);
    return answered(outcome(), signal);
  }
  const arrival = clock.sleep(fault.delayMs, NEVER).then(() => attempt(effect));
  if (fault.delayMs > timeoutMs) return silence();
  await clock.sleep(fault.delayMs, signal);
  signal.throwIfAborted();
  return (await arrival)();

  async function silence(): Promise<never> {
    await clock.sleep(timeoutMs, signal);
    signal.throwIfAborted();
    throw noAnswer(call, `no answer within ${timeoutMs} ms`);
  }
}

/** What a client makes of a connection that broke or stayed silent. */
export function noAnswer(call: KubeCall, message: string): KubeError {
  return refusal(call, 0, '', message);
}

/** A call that fails as the API server or the client says. */
export function refusal(
  { verb, resource }: KubeCall,
  status: number,
  reason: string,
  message: string,
): KubeError {
  const name = resourceName(resource);
  // The only thing that we patch is a status.
  return new KubeError({
    verb,
    resource: verb === 'patch' ? `${name}/status` : name,
    status,
    reason,
    message,
  });
}

function answered<R>(answer: R, signal: AbortSignal): R {
  signal.throwIfAborted();
  return answer;
}

/** Does it now, and tells later how it went. */
function attempt<R>(effect: () => R): () => R {
  try {
    const result = effect();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
