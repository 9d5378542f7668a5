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

/** Writes the status of policy objects by server-side apply, when something material has changed and not too often. */
export function createStatusWriter({ api, clock, log, wanted }: StatusWriterPorts): Component {
  /** By UID. */
  const written = new Map<string, { readonly status: PolicyStatus; readonly ms: number }>();
  const failures = new Map<string, string>();
  /** What was asked for last, once all of it is written. */
  let settled: readonly WantedStatus[] | undefined;

  const write = async ({ name, uid }: WantedStatus, status: PolicyStatus, signal: AbortSignal) => {
    const object = { apiVersion: API_VERSION, kind: KIND, metadata: { name }, status };
    await api.applyStatus(POLICIES, object, signal);
    written.set(uid, { status, ms: clock.monotonicMs() });
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
          const last = written.get(each.uid);
          const before = last?.status ?? each.before;
          const status = withTimesOf(before, each.status);
          const isDue = last === undefined || clock.monotonicMs() - last.ms >= FIGURES_MS;
          if (isSame(before, status)) continue;
          if (!isDue && isSame(verdictOf(before), verdictOf(status))) {
            isSettled = false;
            continue;
          }
          try {
            await write(each, status, signal);
          } catch (error) {
            if (signal.aborted) return;
            if (!isAppError(error)) throw error;
            failed(each, error);
            pauseMs = AFTER_FAILURE_MS;
            isSettled = false;
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

/** What is written at once: not figures that change with every archive. */
function verdictOf(status: PolicyStatus | undefined): unknown {
  return [
    status?.observedGeneration,
    status?.conditions?.map(({ type, status: value, reason }) => [type, value, reason]),
    status?.nodes,
  ];
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

/** The same fields in the same order: the API server gives them back in its own. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
