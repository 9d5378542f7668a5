import { toMicroTime } from '../micro-time.ts';
import type { KubeEvent, ObjectReference } from '../objects.ts';

/** Something that people who look at an object should see. */
export interface EventRecord {
  readonly type: 'Normal' | 'Warning';
  /** Why, as one word in CamelCase: `ArchivesDeleted`. */
  readonly reason: string;
  /** What we did or tried, as one word in CamelCase. */
  readonly action: string;
  /** For people; what is over 1 KiB is cut off. Events with another note are others. */
  readonly note: string;
  /** What it is about. `kubectl describe` finds the event by its `uid`. */
  readonly regarding: ObjectReference;
  readonly related?: ObjectReference;
}

/** Who says it. */
export interface EventSource {
  /** As a label's key: `example.com/controller`. */
  readonly reportingController: string;
  /** Such as the pod's name; at most 128 characters. */
  readonly reportingInstance: string;
}

/** How often something has happened, and when for the last time (Unix ms). */
export interface Occurrences {
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Where the API server wants events about objects that are in no namespace. */
const CLUSTER_EVENTS_NAMESPACE = 'default';
/** What the API server takes, in bytes: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/apis/core/validation/events.go */
const MAX_NOTE_BYTES = 1024;
const MAX_NAME_LENGTH = 253;

/** @param serial - makes the name unique, together with the time */
export function newEvent(
  record: EventRecord,
  source: EventSource,
  occurrences: Occurrences,
  serial: number,
): KubeEvent {
  const { type, reason, action, note, regarding, related } = record;
  const event: KubeEvent = {
    metadata: {
      namespace: regarding.namespace ?? CLUSTER_EVENTS_NAMESPACE,
      name: nameOf(regarding.name, `${occurrences.firstMs.toString(16)}-${serial.toString(16)}`),
    },
    eventTime: toMicroTime(occurrences.firstMs),
    type,
    reason,
    action,
    note: cutOff(note),
    regarding,
    ...(related === undefined ? {} : { related }),
    ...source,
  };
  return occurrences.count === 1 ? event : withSeries(event, occurrences);
}

/** The event with so many occurrences more. Nothing but the series may change in an event. */
export function repeated(event: KubeEvent, { count, lastMs }: Occurrences): KubeEvent {
  return withSeries(event, { count: (event.series?.count ?? 1) + count, lastMs });
}

/** What makes two records the same event. The note as well: an Event keeps that of its first, which would be wrong of another. */
export function identityOf({ type, reason, action, note, regarding, related }: EventRecord): string {
  return JSON.stringify([
    type,
    reason,
    action,
    note,
    ...referenceKey(regarding),
    ...(related ? referenceKey(related) : []),
  ]);
}

function withSeries(event: KubeEvent, { count, lastMs }: Pick<Occurrences, 'count' | 'lastMs'>): KubeEvent {
  return { ...event, series: { count, lastObservedTime: toMicroTime(lastMs) } };
}

function referenceKey({ apiVersion, kind, namespace = '', name, uid = '' }: ObjectReference): string[] {
  return [apiVersion, kind, namespace, name, uid];
}

function nameOf(name: string, suffix: string): string {
  const room = MAX_NAME_LENGTH - suffix.length - 1;
  return `${name.slice(0, room).replace(/[^a-z0-9]+$/, '')}.${suffix}`;
}

function cutOff(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= MAX_NOTE_BYTES) return note;
  const ellipsis = '…';
  const kept = bytes.subarray(0, MAX_NOTE_BYTES - Buffer.byteLength(ellipsis)).toString();
  // A character that was cut in two is decoded as U+FFFD.
  return `${kept.replace(/\uFFFD+$/, '')}${ellipsis}`;
}
