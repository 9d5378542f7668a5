import { isDeepStrictEqual } from 'node:util';
import { API_VERSION, KIND, type PolicyStatus } from '@checkpoint-warden/api';
import { type AppError, isAppError } from '@checkpoint-warden/errors';
import type { Clock, Component, Logger } from '@checkpoint-warden/kit';
import type { KubeApi } from '@checkpoint-warden/kube';
import { POLICIES } from '../policies/policy-resource.ts';

/** The status that one policy object is to have. */
export interface WantedStatus {
  readonly name: string;
  readonly uid: string;
  readonly status: PolicyStatus;
  /** As the API server has it. */
  readonly before: PolicyStatus | undefined;
}

export interface StatusWriterPorts {
  readonly api: Pick<KubeApi, 'applyStatus'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Asked each time; nothing while what it is made from is not known. */
  readonly wanted: () => readonly WantedStatus[];
}

/** Time between looks. */
const LOOK_MS = 1_000;
/** Figures alone are written this often at most; a condition that changes, at the next look. */
const FIGURES_MS = 5_000;
const AFTER_FAILURE_MS = 10_000;
/** What has not come back so long after it was written is not there any more: somebody else, or a restore of etcd, undid it. */
const COMES_BACK_MS = 60_000;

/** What was written last to one object. */
interface Written {
  readonly status: PolicyStatus;
  readonly ms: number;
  /** As the API server had it before, for all that was known. */
  readonly over: PolicyStatus | undefined;
}

/**
 * Writes the status of policy objects by server-side apply, when something material has changed and not too often. Judged by what
 * the API server has, so that what somebody else has written over it, such as a leader who was deposed, does not stay.
 */
export function createStatusWriter({ api, clock, log, wanted }: StatusWriterPorts): Component {
  /** By UID. */
  const written = new Map<string, Written>();
  const failures = new Map<string, string>();
  /** What was asked for last, once all of it is there. */
  let settled: readonly WantedStatus[] | undefined;

  /** The status that an object has: as the API server last said, unless what was written since is still on its way back. */
  const currentOf = ({ uid, before }: WantedStatus) => {
    const last = written.get(uid);
    const isOnItsWay =
      last !== undefined && last.over === before && clock.monotonicMs() - last.ms < COMES_BACK_MS;
    return { status: isOnItsWay ? last.status : before, isOnItsWay };
  };

  const write = async ({ name, uid, before }: WantedStatus, status: PolicyStatus, signal: AbortSignal) => {
    const object = { apiVersion: API_VERSION, kind: KIND, metadata: { name }, status };
    await api.applyStatus(POLICIES, object, signal);
    written.set(uid, { status, ms: clock.monotonicMs(), over: before });
    failures.delete(uid);
  };

  const failed = ({ name, uid }: WantedStatus, error: AppError): void => {
    if (failures.get(uid) !== error.message)
      log.warn({ policy: name, err: error }, 'status cannot be written');
    failures.set(uid, error.message);
  };

  return {
    async run(signal) {
      while (!signal.aborted) {
        let pauseMs = LOOK_MS;
        let isSettled = true;
        const all = wanted();
        if (all === settled) {
          await clock.sleep(LOOK_MS, signal);
          continue;
        }
        const uids = new Set(all.map(({ uid }) => uid));
        for (const known of [written, failures])
          for (const uid of known.keys()) if (!uids.has(uid)) known.delete(uid);
        for (const each of all) {
          const { status: current, isOnItsWay } = currentOf(each);
          const status = withTimesOf(current, each.status);
          const isThere = isDeepStrictEqual(oursOf(current, status), status);
          if (!isThere || isOnItsWay) isSettled = false;
          if (isThere) continue;
          const lastMs = written.get(each.uid)?.ms ?? Number.NEGATIVE_INFINITY;
          const isDue = clock.monotonicMs() - lastMs >= FIGURES_MS;
          if (!isDue && isDeepStrictEqual(verdictOf(oursOf(current, status)), verdictOf(status))) continue;
          try {
            await write(each, status, signal);
          } catch (error) {
            if (signal.aborted) return;
            if (!isAppError(error)) throw error;
            failed(each, error);
            pauseMs = AFTER_FAILURE_MS;
          }
        }
        settled = isSettled ? all : undefined;
        await clock.sleep(pauseMs, signal);
      }
    },
  };
}

/** What we have written may not have come back to us yet: a condition that has not changed since keeps its time. */
function withTimesOf(before: PolicyStatus | undefined, status: PolicyStatus): PolicyStatus {
  const conditions = status.conditions?.map((condition) => {
    const last = before?.conditions?.find(({ type }) => type === condition.type);
    return last?.status === condition.status
      ? { ...condition, lastTransitionTime: last.lastTransitionTime }
      : condition;
  });
  return conditions === undefined ? status : { ...status, conditions };
}

/** A status without the conditions that others have added to it, in the order of ours. */
function oursOf(
  current: PolicyStatus | undefined,
  { conditions = [] }: PolicyStatus,
): PolicyStatus | undefined {
  if (current?.conditions === undefined) return current;
  const ours = conditions.flatMap(({ type }) => current.conditions?.find((each) => each.type === type) ?? []);
  return { ...current, conditions: ours };
}

/** What is written at once: not figures that change with every archive. */
function verdictOf(status: PolicyStatus | undefined): unknown {
  return [
    status?.observedGeneration,
    status?.conditions?.map(({ type, status: value, reason }) => [type, value, reason]),
    status?.nodes,
  ];
}
