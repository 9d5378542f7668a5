import type { Clock } from '@checkpoint-warden/kit';
import { type KubeApi, KubeError, type ObjectKey, PODS } from '@checkpoint-warden/kube';
import type { Limiter } from '../limiter.ts';
import type { HeldOwner } from './held-owner.ts';
import { containersOf, hasContainer, type PodContainers } from './pod-containers.ts';

/**
 * What the watch says of an owner. `missing` is a reason to ask the API server, never an answer; `unknown`: the watch cannot
 * be relied on at present.
 */
export type Sight = 'present' | 'missing' | 'unknown';

/** What the API server answered, asked about one pod. `askedMs`: when, in whole monotonic ms; true then or later. */
export type LiveAnswer =
  | { readonly result: 'gone'; readonly askedMs: number }
  | { readonly result: 'there'; readonly askedMs: number; readonly containers: readonly string[] }
  | { readonly result: 'unknown'; readonly why: string };

/** What is known of pods, for all agents. See {@link createOwnerBook}. */
export interface OwnerBook {
  /** Why no owner is judged at all; `undefined`: they are. */
  doubt(): string | undefined;
  sight(owner: HeldOwner): Sight;
  /** Since when, in monotonic ms, an owner has been gone without a sign of the contrary; `undefined`: it is not known to be. */
  absentSince(owner: HeldOwner): number | undefined;
  /** Asks the API server, and notes for each of `owners`, all of this pod, what that says of it. */
  ask(
    pod: Pick<HeldOwner, 'namespace' | 'pod'>,
    owners: readonly HeldOwner[],
    signal: AbortSignal,
  ): Promise<LiveAnswer>;
  /** A pod has come, changed or gone, as the watch says. */
  podChanged(podKey: string, containers: PodContainers | undefined): void;
  /** Some of what happened was not seen, as after a list made anew: every absence begins again. */
  forget(): void;
  /** Nobody holds archives of this pod any more: what is known of it is not kept. */
  release(podKey: string): void;
}

export interface OwnerBookPorts {
  readonly api: Pick<KubeApi, 'get'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** For live calls to the API server. */
  readonly lane: Limiter;
  /** What the watch has of all pods. */
  readonly pods: {
    readonly objects: ReadonlyMap<string, PodContainers>;
    readonly synced: boolean;
    readonly trouble: { readonly message: string } | undefined;
  };
  /** Why an administrator, or the past of this API server, stands against judging; `undefined`: nothing does. */
  readonly held: () => string | undefined;
  /** Looks whether the API server's state has gone back, after it said that somebody is gone. @returns why it is not believed */
  readonly checkState: () => Promise<string | undefined>;
  readonly onAnswer?: (result: LiveAnswer['result']) => void;
}

/**
 * Keeps since when owners have been gone (docs/explanation/orphans.md). An owner is gone when the watch no longer has it
 * and a live GET has said so; the time runs from the begin of that first GET, on the monotonic clock, and any sign of the
 * owner, or a gap in what was seen, ends it.
 */
export function createOwnerBook(ports: OwnerBookPorts): OwnerBook {
  const { api, clock, lane, pods, held, checkState, onAnswer } = ports;
  /** By pod, then by container. */
  const absences = new Map<string, Map<string, number>>();
  /** Questions under way. What the watch says meanwhile may be newer than the answer. */
  const asking = new Set<{ readonly podKey: string; overtaken: boolean }>();

  const present = ({ podKey, container }: HeldOwner): void => {
    const ofPod = absences.get(podKey);
    ofPod?.delete(container);
    if (ofPod?.size === 0) absences.delete(podKey);
  };
  const absent = ({ podKey, container }: HeldOwner, sinceMs: number): void => {
    const ofPod = absences.get(podKey) ?? new Map<string, number>();
    if (!ofPod.has(container)) ofPod.set(container, sinceMs);
    absences.set(podKey, ofPod);
  };

  const doubt = (): string | undefined => {
    const hold = held();
    if (hold !== undefined) return hold;
    if (!pods.synced) return 'the pods of the cluster have not been listed yet';
    if (pods.trouble !== undefined) return `pods cannot be watched: ${pods.trouble.message}`;
    // Whoever runs the agents is a pod as well: such a list is not one of this cluster, or not yet.
    if (pods.objects.size === 0) return 'the API server knows no pod at all, which is not believed';
    return undefined;
  };

  return {
    doubt,
    sight({ podKey, container }) {
      if (doubt() !== undefined) return 'unknown';
      const containers = pods.objects.get(podKey);
      return containers !== undefined && hasContainer(containers, container) ? 'present' : 'missing';
    },
    absentSince: ({ podKey, container }) => absences.get(podKey)?.get(container),
    async ask({ namespace, pod }, owners, signal) {
      return lane.run(async () => {
        // Whole: so is every grace, and their sums and differences are then exact.
        const askedMs = Math.floor(clock.monotonicMs());
        const question = { podKey: `${namespace}/${pod}`, overtaken: false };
        asking.add(question);
        const answered = async (): Promise<LiveAnswer> => {
          const found = await live(api, { namespace, name: pod }, askedMs, signal);
          const doubted = owners.some((owner) => isGone(found, owner)) ? await checkState() : undefined;
          if (doubted !== undefined) return { result: 'unknown', why: doubted };
          return question.overtaken ? { result: 'unknown', why: 'it changed while it was asked for' } : found;
        };
        const answer = await answered().finally(() => asking.delete(question));
        onAnswer?.(answer.result);
        for (const owner of owners) {
          if (isGone(answer, owner)) absent(owner, askedMs);
          else if (answer.result === 'there') present(owner);
        }
        return answer;
      }, signal);
    },
    podChanged(podKey, containers) {
      if (containers !== undefined) {
        for (const question of asking) question.overtaken ||= question.podKey === podKey;
      }
      const ofPod = absences.get(podKey);
      if (ofPod === undefined || containers === undefined) return;
      for (const container of [...ofPod.keys()]) {
        if (hasContainer(containers, container)) ofPod.delete(container);
      }
      if (ofPod.size === 0) absences.delete(podKey);
    },
    release: (podKey) => void absences.delete(podKey),
    forget() {
      absences.clear();
      for (const question of asking) question.overtaken = true;
    },
  };
}

async function live(
  api: Pick<KubeApi, 'get'>,
  key: ObjectKey,
  askedMs: number,
  signal: AbortSignal,
): Promise<LiveAnswer> {
  try {
    const found = await api.get(PODS, key, signal);
    if (found === undefined) return { result: 'gone', askedMs };
    return { result: 'there', askedMs, containers: containersOf(found) };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return { result: 'unknown', why: error.message };
  }
}

/** Whether an answer says that an owner does not exist. */
export function isGone(answer: LiveAnswer, { container }: Pick<HeldOwner, 'container'>): boolean {
  switch (answer.result) {
    case 'gone':
      return true;
    case 'there':
      return !answer.containers.includes(container);
    case 'unknown':
      return false;
  }
}
