import { setImmediate } from 'node:timers/promises';
import { createLogger } from '@checkpoint-warden/kit';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { KubeError } from '../kube-error.ts';
import type { KubeEvent } from '../objects.ts';
import { EVENTS } from '../resource.ts';
import type { KubeFault, KubeFaults } from '../testing/kube-faults.ts';
import { createMemoryApiServer } from '../testing/memory-kube-api.ts';
import type { EventRecord } from './event-object.ts';
import { createEventRecorder } from './event-recorder.ts';

const NODE = { apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: 'node-1' };
const POD = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-0', uid: 'u1' };
const deleted: EventRecord = {
  type: 'Normal',
  reason: 'ArchivesDeleted',
  action: 'Enforce',
  note: 'deleted 3 archives',
  regarding: NODE,
};
const failed = (status: number) =>
  new KubeError({ verb: 'create', resource: 'events', status, reason: '', message: 'failed' });

let stopLast = new AbortController();
afterEach(() => stopLast.abort());

function start(faults?: KubeFaults) {
  const clock = manualClock();
  const server = createMemoryApiServer({ clock });
  const lines: Record<string, unknown>[] = [];
  const recorder = createEventRecorder({
    api: server.client(faults),
    clock,
    random: () => 0,
    log: createLogger({
      level: 'info',
      terminal: false,
      destination: { write: (line) => void lines.push(JSON.parse(line)) },
    }),
    reportingController: 'checkpoint-warden.dev/controller',
    reportingInstance: 'controller-0',
  });
  stopLast = new AbortController();
  const ended = recorder.run(stopLast.signal);
  return {
    server,
    lines,
    recorder,
    ended,
    stop: () => stopLast.abort(),
    get events(): readonly KubeEvent[] {
      return server.objects(EVENTS);
    },
    async pass(ms: number) {
      for (let passed = 0; passed < ms; passed += 500) {
        await setImmediate();
        clock.advance(500);
      }
      await setImmediate();
    },
  };
}

describe('an event recorder', () => {
  it('writes an Event as the API wants it, about a node into the namespace default', async () => {
    const run = start();
    run.recorder.record({ ...deleted, related: POD });
    await run.pass(0);
    expect(run.events).toEqual([
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: expect.objectContaining({
          namespace: 'default',
          name: expect.stringMatching(/^node-1\.[0-9a-f]+-1$/),
        }),
        ...deleted,
        related: POD,
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'checkpoint-warden.dev/controller',
        reportingInstance: 'controller-0',
      },
    ]);
  });

  it('writes an Event about something in a namespace there', async () => {
    const run = start();
    run.recorder.record({ ...deleted, regarding: POD });
    await run.pass(0);
    expect(run.events[0]?.metadata.namespace).toBe('shop');
  });

  it('counts what repeats in one Event, and what says something else in another', async () => {
    const run = start();
    run.recorder.record(deleted);
    await run.pass(60_000);
    run.recorder.record({ ...deleted, note: 'deleted 5 archives' });
    await run.pass(60_000);
    run.recorder.record(deleted);
    await run.pass(0);
    expect(run.events).toMatchObject([
      { note: deleted.note, series: { count: 2, lastObservedTime: '2026-01-01T00:02:00.000000Z' } },
      { note: 'deleted 5 archives' },
    ]);
  });

  it('counts at once what repeats before it is written', async () => {
    const run = start();
    for (let times = 0; times < 5; times += 1) run.recorder.record(deleted);
    await run.pass(0);
    expect(run.events).toMatchObject([{ series: { count: 5 } }]);
    expect(run.events[0]?.metadata.resourceVersion).toBe('1');
  });

  it('writes a new Event for what happens again after a long time, or after the Event has gone', async () => {
    const run = start();
    run.recorder.record(deleted);
    await run.pass(7 * 60_000);
    run.recorder.record(deleted);
    await run.pass(0);
    expect(run.events.map(({ series }) => series)).toEqual([undefined, undefined]);
    for (const { metadata } of run.events) run.server.remove(EVENTS, metadata);
    run.recorder.record(deleted);
    await run.pass(0);
    expect(run.events).toHaveLength(1);
  });

  it.each<[string, Partial<EventRecord>]>([
    ['reason', { reason: 'WouldDelete' }],
    ['object', { regarding: POD }],
    ['related object', { related: POD }],
  ])('keeps Events of another %s apart', async (_, other) => {
    const run = start();
    run.recorder.record(deleted);
    run.recorder.record({ ...deleted, ...other });
    await run.pass(0);
    expect(run.events).toHaveLength(2);
  });

  it('cuts off a note that is too long, between two characters', async () => {
    const run = start();
    run.recorder.record({ ...deleted, note: 'ä'.repeat(600) });
    await run.pass(0);
    expect(run.events[0]?.note).toBe(`${'ä'.repeat(510)}…`);
  });

  it.each<[string, KubeFault]>([
    ['is not answered', 'hang'],
    ['fails', { error: failed(500) }],
    ['takes effect without an answer', { error: failed(0), afterEffect: true }],
  ])('tries again what %s, and writes it once', async (_, fault) => {
    const faults = [fault];
    const run = start(() => faults.shift() ?? 'ok');
    run.recorder.record(deleted);
    await run.pass(12_000);
    expect(run.events).toHaveLength(1);
  });

  it('counts a repetition once whose write takes effect without an answer', async () => {
    const faults: KubeFault[] = ['ok', { error: failed(0), afterEffect: true }];
    const run = start(() => faults.shift() ?? 'ok');
    run.recorder.record(deleted);
    await run.pass(0);
    run.recorder.record(deleted);
    await run.pass(2_000);
    expect(run.events).toMatchObject([{ series: { count: 2 } }]);
  });

  it('gives up what is refused or fails again and again, goes on with the next and says so once', async () => {
    let fault: KubeFault = { error: failed(403) };
    const run = start(() => fault);
    for (const reason of ['A', 'B']) run.recorder.record({ ...deleted, reason });
    await run.pass(0);
    fault = { error: failed(500) };
    run.recorder.record({ ...deleted, reason: 'C' });
    await run.pass(20_000);
    expect(run.lines).toMatchObject([{ level: 'warn', err: { message: expect.stringContaining('403') } }]);
    fault = 'ok';
    run.recorder.record({ ...deleted, reason: 'D' });
    await run.pass(0);
    expect(run.events.map(({ reason }) => reason)).toEqual(['D']);
    expect(run.lines.slice(1)).toMatchObject([{ msg: 'Events can be written again' }, { lost: 3 }]);
  });

  it('keeps only so many waiting', async () => {
    const run = start();
    for (let index = 0; index < 300; index += 1) run.recorder.record({ ...deleted, reason: `R${index}` });
    await run.pass(0);
    await run.pass(0);
    expect(run.events).toHaveLength(256);
    expect(run.lines).toMatchObject([{ level: 'warn', lost: 44 }]);
  });

  it('writes what waits before it ends, but not for long', async () => {
    const run = start();
    run.recorder.record(deleted);
    run.stop();
    await run.ended;
    expect(run.events).toHaveLength(1);

    const stuck = start(() => 'hang');
    for (const reason of ['A', 'B']) stuck.recorder.record({ ...deleted, reason });
    await stuck.pass(0);
    stuck.stop();
    await stuck.pass(2_500);
    await stuck.ended;
    expect(stuck.lines.at(-1)).toMatchObject({ lost: 2 });
  });
});
