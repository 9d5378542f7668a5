import type { Leadership } from '@checkpoint-warden/kube';

/**
 * Makes what asks the API server whether its state is still the one that we know. After a restore of etcd from a backup a live
 * GET rightly says that a pod does not exist that was made since. The Lease tells: it is written every two seconds, so that
 * in whatever was restored it is not as we left it.
 *
 * @returns a function that looks at the Lease, by a call that begins after it was called (many callers share one), and resolves
 * with why what was answered before must not be believed; `undefined`: it may
 */
export function createStateCheck({
  confirm,
}: Pick<Leadership, 'confirm'>): () => Promise<string | undefined> {
  let running: Promise<string | undefined> | undefined;
  let next: Promise<string | undefined> | undefined;

  const start = (): Promise<string | undefined> => {
    next = undefined;
    running = confirm().then((isOurs) => {
      running = undefined;
      return isOurs ? undefined : 'the Lease was not found as it was left after the API server had answered';
    });
    return running;
  };

  return () => {
    if (running === undefined) return start();
    // The one under way began before what its caller wants to know about.
    next ??= running.then(start);
    return next;
  };
}
