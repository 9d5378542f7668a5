import { constants } from 'node:os';
import type { Component } from './component.ts';
import type { Logger } from './logger.ts';
import { sleep } from './sleep.ts';

/** How {@link runUntilSignal} stops. */
export interface RunOptions {
  readonly log: Logger;
  /**
   * Milliseconds for the whole stop; keep it under the pod's `terminationGracePeriodSeconds`. A part may take an equal share
   * of what is left, so that one that hangs does not rob the others.
   */
  readonly graceMs: number;
}

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

interface Running {
  readonly name: string;
  readonly stop: AbortController;
  /** Resolves when the part has ended, however it ended. */
  readonly ended: Promise<void>;
}

/**
 * Runs the parts of a program until SIGTERM or SIGINT comes or one of them ends, then stops all in reverse order.
 *
 * A second signal exits at once with 128 + its number.
 *
 * @param components - by name, in start order
 * @returns the exit code: 0 after a signal, 1 when a part ended by itself, failed or did not stop in time
 */
export async function runUntilSignal(
  components: Readonly<Record<string, Component>>,
  { log, graceMs }: RunOptions,
): Promise<number> {
  let exitCode = 0;
  const stopping = Promise.withResolvers<void>();
  let stopRequested = false;

  const onSignal = (signal: NodeJS.Signals) => {
    if (stopRequested) process.exit(128 + constants.signals[signal]);
    stopRequested = true;
    log.info({ signal }, 'stopping');
    stopping.resolve();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);

  const start = ([name, component]: readonly [string, Component]): Running => {
    const stop = new AbortController();
    const onEnd = (err?: unknown) => {
      if (err === undefined && stop.signal.aborted) return;
      exitCode = 1;
      log.error({ component: name, ...(err === undefined ? {} : { err }) }, 'component failed');
      stopping.resolve();
    };
    const run = async () => component.run(stop.signal);
    return { name, stop, ended: run().then(() => onEnd(), onEnd) };
  };

  try {
    const running = Object.entries(components).map(start);
    await stopping.promise;
    const stuck = await stopInReverse(running, graceMs);
    for (const component of stuck) log.error({ component }, 'component did not stop in time');
    return stuck.length > 0 ? 1 : exitCode;
  } finally {
    for (const signal of STOP_SIGNALS) process.off(signal, onSignal);
  }
}

/** @returns the names of those that were still running when their time was over */
async function stopInReverse(running: readonly Running[], graceMs: number): Promise<string[]> {
  const deadlineMs = performance.now() + graceMs;
  const stuck: string[] = [];
  for (const [index, { name, stop, ended }] of [...running.entries()].reverse()) {
    const shareMs = Math.max(0, deadlineMs - performance.now()) / (index + 1);
    const drained = new AbortController();
    stop.abort();
    const finished = ended.then(() => drained.abort());
    await Promise.race([finished, sleep(shareMs, drained.signal)]);
    if (!drained.signal.aborted) stuck.push(name);
  }
  return stuck;
}
