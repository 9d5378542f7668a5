import { setImmediate } from 'node:timers/promises';
import { type Clock, createLogger } from '@checkpoint-warden/kit';
import { type ManualClock, manualClock } from '@checkpoint-warden/kit/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KubeError } from '../kube-error.ts';
import { compareLeaseEpochs, type LeaseEpoch } from '../lease-epoch.ts';
import { LEASES } from '../resource.ts';
import { type CrashableProcess, crashable } from '../testing/crashable.ts';
import type { KubeCall, KubeFault } from '../testing/kube-faults.ts';
import { createMemoryApiServer } from '../testing/memory-kube-api.ts';
import { createElector, type Elector } from './lease-elector.ts';

const log = createLogger({ level: 'silent', terminal: false });
const STEP_MS = 200;
const FAULTY_MS = 150_000;
/** The longest that a faulty call can still be under way. */
const MAX_DELAY_MS = 12_000;
/** A lease duration on the slowest clock, then a few looks and one call that was under way. */
const TAKEOVER_MS = 15_000 / 0.9 + 12_000;

interface Running {
  readonly elector: Elector;
  readonly process: CrashableProcess;
  readonly stop: AbortController;
  signal?: AbortSignal;
}

/** A clock that is wrong about the time of day and, a little, about how fast time passes. */
function skewed(clock: Clock, rate: number, offsetMs: number): Clock {
  return {
    nowMs: () => clock.nowMs() + offsetMs,
    monotonicMs: () => clock.monotonicMs() * rate + 1_000_000,
    sleep: (ms, signal) => clock.sleep(ms / rate, signal),
  };
}

function makeFault(call: KubeCall, faultRate: number, random: () => number): KubeFault {
  if (random() >= faultRate) return random() < 0.2 ? { delayMs: random() * 1_000 } : 'ok';
  const lost = { verb: call.verb, resource: 'leases', status: 0, reason: '', message: 'lost' };
  const kinds: (() => KubeFault)[] = [
    () => 'hang',
    () => ({ error: new KubeError(lost) }),
    () => ({ error: new KubeError(lost), afterEffect: true }),
    () => ({ delayMs: random() * MAX_DELAY_MS }),
    () => ({ delayMs: random() * MAX_DELAY_MS, afterEffect: true }),
  ];
  return kinds[Math.floor(random() * kinds.length)]?.() ?? 'ok';
}

/** Three candidates for one Lease, through faults and crashes, until the faults have stopped and somebody leads. */
async function elect(random: () => number, clock: ManualClock): Promise<void> {
  const server = createMemoryApiServer({ clock });
  const epochs: LeaseEpoch[] = [];
  const slots: Running[] = [];
  const ended: Promise<unknown>[] = [];
  const faultRate = random() * 0.6;
  let faulty = true;
  let incarnation = 0;

  function leaders(): Running[] {
    return slots.filter(({ elector, process, signal }) => {
      return !process.crashed && elector.leading && signal?.aborted === false;
    });
  }
  function check(): void {
    if (leaders().length > 1) throw new Error(`two leaders at ${clock.monotonicMs()}`);
  }
  function start(slot: number): void {
    const api = server.client((call) => {
      check();
      return faulty ? makeFault(call, faultRate, random) : 'ok';
    });
    const ownClock = skewed(clock, 0.9 + random() * 0.2, (random() - 0.5) * 86_400_000);
    const process = crashable(api, ownClock);
    const stop = new AbortController();
    incarnation += 1;
    const elector = createElector({
      api: process.api,
      clock: process.clock,
      random,
      log,
      identity: `candidate-${slot}-${incarnation}`,
      namespace: 'system',
      name: 'controller',
      async lead({ epoch, signal }) {
        running.signal = signal;
        check();
        const last = epochs.at(-1);
        if (last !== undefined && compareLeaseEpochs(epoch, last) <= 0) {
          throw new Error(`epoch ${epoch.leaseTransitions} after ${last.leaseTransitions}`);
        }
        epochs.push(epoch);
        if (signal.aborted) return;
        await new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => resolve(), { once: true }),
        );
      },
    });
    const running: Running = { elector, process, stop };
    slots[slot] = running;
    const run = elector.run(stop.signal);
    ended.push(run);
    // Seen below; not before, and not as an unhandled rejection.
    run.catch(() => {});
  }
  async function pass(ms: number, each: () => void = () => {}): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await setImmediate();
      check();
      each();
      clock.advance(STEP_MS);
    }
    await setImmediate();
    check();
  }

  for (const slot of [0, 1, 2]) start(slot);
  await pass(FAULTY_MS, () => {
    if (random() > 0.01) return;
    const slot = Math.floor(random() * 3);
    if (random() < 0.5) slots[slot]?.process.crash();
    else slots[slot]?.stop.abort();
    start(slot);
  });
  faulty = false;
  await pass(MAX_DELAY_MS + TAKEOVER_MS);
  expect(leaders(), 'somebody leads when the faults have stopped').toHaveLength(1);
  const led = epochs.length;
  await pass(60_000);
  expect(epochs.length, 'who leads goes on without faults').toBe(led);

  for (const { stop } of slots) stop.abort();
  await pass(12_000);
  expect(server.objects(LEASES)[0]?.spec?.holderIdentity).toBe('');
  // Those that crashed never end; whoever failed has failed by now.
  await Promise.race([Promise.all(ended), setImmediate()]);
}

const draws = fc.noShrink(fc.infiniteStream(fc.noBias(fc.integer({ min: 0, max: 2 ** 30 - 1 }))));

it('never has two leaders, gives each a newer epoch, and has one again when the faults stop', async () => {
  await fc.assert(
    fc.asyncProperty(draws, async (stream) => {
      const random = () => (stream.next().value ?? 0) / 2 ** 30;
      await elect(random, manualClock());
    }),
    { numRuns: Number(process.env.ELECTOR_RUNS ?? 40) },
  );
}, 3_600_000);
