import type { Component } from '@checkpoint-warden/kit';
import { createElector } from '@checkpoint-warden/kube';
import { type LeaderOptions, type LeaderPorts, lead } from './lead.ts';
import { createHoldRequest } from './owners/hold-request.ts';
import { createHoldWriter } from './owners/hold-writer.ts';
import { createSeenVersion } from './owners/seen-version.ts';
import { runTogether } from './run-together.ts';

export interface ControllerPorts extends Omit<LeaderPorts, 'holdRequest' | 'seenVersion'> {
  /** What else only a leader does. */
  readonly whileLeading?: readonly Component[];
  /** Awaited before agents are called. */
  readonly ready?: (signal: AbortSignal) => Promise<void>;
}

export interface ControllerOptions extends LeaderOptions {
  /** Of this process, and never of another. */
  readonly identity: string;
  readonly leaseName: string;
}

/** The whole controller: it stands for election, and leads when it is elected. A follower does nothing else. */
export function createController(
  { whileLeading = [], ready = async () => {}, ...ports }: ControllerPorts,
  { identity, leaseName, ...options }: ControllerOptions,
): Component {
  const { api, clock, random, log, metrics } = ports;
  const holdRequest = createHoldRequest(clock);
  const seenVersion = createSeenVersion();
  const elector = createElector({
    api,
    clock,
    random,
    log,
    identity,
    namespace: options.namespace,
    name: leaseName,
    onWentBack: ({ wrote, found }) =>
      holdRequest.make(
        found === undefined
          ? `the Lease that was written at ${wrote.renewTime} does not exist any more`
          : `the Lease was written at ${wrote.renewTime} and says ${found.renewTime}`,
      ),
    async lead(leadership) {
      const leader: Component = {
        async run(signal) {
          await ready(signal);
          if (!signal.aborted)
            await lead({ ...ports, holdRequest, seenVersion }, options, leadership, signal);
        },
      };
      metrics.leader(true);
      try {
        await runTogether([...whileLeading, leader], leadership.signal);
      } finally {
        metrics.leader(false);
        log.info({}, 'leading no more');
      }
    },
  });
  const holdWriter = createHoldWriter(
    { api, clock, log, request: holdRequest, isLeading: () => elector.leading },
    { namespace: options.namespace, name: leaseName },
  );
  return { run: (signal) => runTogether([elector, holdWriter], signal) };
}
