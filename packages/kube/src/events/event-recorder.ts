import { type Clock, type Component, createWaker, type Logger } from '@checkpoint-warden/kit';
import { createBackoff } from '../backoff.ts';
import type { KubeApi } from '../kube-api.ts';
import { KubeError } from '../kube-error.ts';
import type { KubeEvent } from '../objects.ts';
import { EVENTS } from '../resource.ts';
import {
  type EventRecord,
  type EventSource,
  identityOf,
  newEvent,
  type Occurrences,
  repeated,
} from './event-object.ts';

export interface EventRecorderOptions extends EventSource {
  readonly api: KubeApi;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
}

/** Writes Events, one after the other. See {@link createEventRecorder}. */
export interface EventRecorder extends Component {
  /** Takes note of something. Never waits and never fails: events may be lost, and nothing may depend on them. */
  record(event: EventRecord): void;
}

interface Pending {
  readonly record: EventRecord;
  occurrences: Occurrences;
}

interface Series {
  readonly event: KubeEvent;
  readonly lastMs: number;
}

/** Different events that wait; what comes on top is dropped. */
const MAX_PENDING = 256;
/** What happens again within so long is a repetition. As in client-go's recorder. */
const SERIES_MS = 6 * 60_000;
/** Events whose repetitions are known as such; the one that was repeated longest ago is forgotten. */
const MAX_SERIES = 1_024;
const MAX_ATTEMPTS = 4;
const RETRY = { minMs: 500, maxMs: 10_000 };
/** How long `run` goes on writing what waits after it was told to stop. */
const DRAIN_MS = 2_000;

/**
 * Makes a recorder of Events (events.k8s.io/v1). What repeats becomes a series: the count of one Event, instead of many Events.
 *
 * `run` writes, one event at a time; what fails is tried a few times more, and then dropped.
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { api, clock, random, log, reportingController, reportingInstance } = options;
  const source = { reportingController, reportingInstance };
  /** By what makes them the same event. */
  const pending = new Map<string, Pending>();
  const series = new Map<string, Series>();
  const waker = createWaker(clock);
  let serial = 0;
  /** Dropped or given up since that was logged. */
  let lost = 0;
  let failing = false;

  function note(id: string, event: KubeEvent, lastMs: number): void {
    series.delete(id);
    series.set(id, { event, lastMs });
    const [oldest] = series.keys();
    if (series.size > MAX_SERIES && oldest !== undefined) series.delete(oldest);
  }

  /** @returns whether the Event of before has been written; otherwise a new one is due */
  async function writeRepetition(
    id: string,
    { occurrences }: Pending,
    signal: AbortSignal,
  ): Promise<boolean> {
    const known = series.get(id);
    if (known === undefined || occurrences.firstMs - known.lastMs > SERIES_MS) return false;
    const next = repeated(known.event, occurrences);
    try {
      note(id, await api.replace(EVENTS, next, signal), occurrences.lastMs);
      return true;
    } catch (error) {
      if (!(error instanceof KubeError) || (error.status !== 404 && error.status !== 409)) throw error;
      // Events live for an hour. A conflict: an attempt before has taken effect, or somebody has changed the Event.
      const found = error.status === 404 ? undefined : await api.get(EVENTS, next.metadata, signal);
      series.delete(id);
      if (found === undefined || found.series?.count !== next.series?.count) return false;
      note(id, found, occurrences.lastMs);
      return true;
    }
  }

  async function write(id: string, due: Pending, event: KubeEvent, signal: AbortSignal): Promise<void> {
    if (await writeRepetition(id, due, signal)) return;
    try {
      note(id, await api.create(EVENTS, event, signal), due.occurrences.lastMs);
    } catch (error) {
      // By the attempt before, whose answer was lost: the name is ours alone.
      if (!(error instanceof KubeError) || error.reason !== 'AlreadyExists') throw error;
    }
  }

  async function writeWithRetries(id: string, due: Pending, signal: AbortSignal): Promise<void> {
    const backoff = createBackoff({ ...RETRY, random });
    serial += 1;
    const event = newEvent(due.record, source, due.occurrences, serial);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await write(id, due, event, signal);
      } catch (error) {
        const retryable = error instanceof KubeError && error.retryable;
        if (!retryable || attempt === MAX_ATTEMPTS || signal.aborted) throw error;
        await clock.sleep(error.retryAfterMs ?? backoff.next(), signal);
      }
    }
  }

  async function writeAll(signal: AbortSignal): Promise<void> {
    for (const [id, due] of pending) {
      if (signal.aborted) return;
      pending.delete(id);
      try {
        await writeWithRetries(id, due, signal);
        noteOutcome();
      } catch (error) {
        noteOutcome(error);
        lost += 1;
      }
    }
  }

  function noteOutcome(error?: unknown): void {
    if (error !== undefined && !failing) log.warn({ err: error }, 'Events cannot be written');
    if (error === undefined && failing) log.info('Events can be written again');
    failing = error !== undefined;
    if (failing || lost === 0) return;
    log.warn({ lost }, 'Events were lost');
    lost = 0;
  }

  return {
    record(record) {
      const id = identityOf(record);
      const nowMs = clock.nowMs();
      const waiting = pending.get(id);
      if (waiting !== undefined) {
        const { count, firstMs } = waiting.occurrences;
        waiting.occurrences = { count: count + 1, firstMs, lastMs: nowMs };
      } else if (pending.size < MAX_PENDING) {
        pending.set(id, { record, occurrences: { count: 1, firstMs: nowMs, lastMs: nowMs } });
      } else {
        lost += 1;
      }
      waker.wake();
    },
    async run(signal) {
      const late = new AbortController();
      const drain = () => void clock.sleep(DRAIN_MS, late.signal).then(() => late.abort());
      signal.addEventListener('abort', drain, { once: true });
      if (signal.aborted) drain();
      do {
        await waker.wait(Number.POSITIVE_INFINITY, signal);
        await writeAll(late.signal);
      } while (!signal.aborted);
      late.abort();
      const left = pending.size + lost;
      if (left > 0) log.warn({ lost: left }, 'Events were lost');
    },
  };
}
