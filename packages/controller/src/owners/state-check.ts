import { type KubeApi, KubeError, PODS } from '@checkpoint-warden/kube';
import { isOlder, type SeenVersion } from './seen-version.ts';

export interface StateCheckPorts {
  readonly api: Pick<KubeApi, 'list'>;
  readonly seen: SeenVersion;
  /** What the watch of pods has come to. */
  readonly watched: () => string | undefined;
  readonly onWentBack: (facts: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Makes what asks the API server whether its state is still not older than what was seen of it. After a restore of etcd from a
 * backup a live GET rightly says that a pod does not exist, which was made since; only the resourceVersion tells.
 *
 * @returns a function that looks, by a request that begins after it was called (many callers share one), and resolves with why
 * what was answered before must not be believed; `undefined`: it may
 */
export function createStateCheck(ports: StateCheckPorts): () => Promise<string | undefined> {
  let running: Promise<string | undefined> | undefined;
  let next: Promise<string | undefined> | undefined;

  const start = (): Promise<string | undefined> => {
    next = undefined;
    running = look(ports).finally(() => {
      running = undefined;
    });
    return running;
  };

  return () => {
    if (running === undefined) return start();
    // The one under way began before what its caller wants to know about.
    next ??= running.then(start, start);
    return next;
  };
}

async function look({
  api,
  seen,
  watched,
  onWentBack,
  signal,
}: StateCheckPorts): Promise<string | undefined> {
  seen.raise(watched());
  const before = seen.latest;
  try {
    const { resourceVersion } = await api.list(PODS, { limit: 1 }, signal);
    if (before !== undefined && isOlder(resourceVersion, before)) {
      const facts = `the resourceVersion of pods went back from ${before} to ${resourceVersion}`;
      seen.accept(resourceVersion);
      onWentBack(facts);
      return facts;
    }
    seen.raise(resourceVersion);
    return undefined;
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return error.message;
  }
}
