import type { Clock } from '@checkpoint-warden/kit';

/** How the agent is, for probes. */
export interface Health {
  /** Whether the archives are known. */
  readonly ready: boolean;
  /** Why the checkpoint directory cannot be read; `undefined`: it can, or has not been tried. */
  readonly directoryTrouble: string | undefined;
  /** When the loop last began a turn, or got on with a scan; monotonic ms. `undefined`: it has not begun. */
  readonly lastTurnMs: number | undefined;
}

/** What the checks look at. */
export interface HealthCheckPorts {
  readonly health: () => Health;
  readonly clock: Clock;
  /** The longest time without a turn that is no sign of anything, in ms: the loop waits this long when all is quiet. */
  readonly quietMs: number;
}

/** For `healthRoutes`: why not, for people; `undefined` when all is well. */
export interface HealthChecks {
  readonly whyNotHealthy: () => string | undefined;
  readonly whyNotReady: () => string | undefined;
}

/** What a turn may take beyond that. A slow disk with many archives is no reason to be killed; a loop that hangs is. */
const MAX_TURN_MS = 10 * 60_000;

/**
 * Makes the agent's checks. Not healthy is only an agent that a restart could help: one whose loop hangs. A directory that
 * cannot be read makes it not ready, and that passes by itself.
 */
export function createHealthChecks({ health, clock, quietMs }: HealthCheckPorts): HealthChecks {
  const startedMs = clock.monotonicMs();
  return {
    whyNotHealthy() {
      const idleMs = clock.monotonicMs() - (health().lastTurnMs ?? startedMs);
      return idleMs > quietMs + MAX_TURN_MS ? `no pass for ${Math.round(idleMs / 1000)} s` : undefined;
    },
    whyNotReady() {
      const { ready, directoryTrouble } = health();
      if (directoryTrouble !== undefined)
        return `the checkpoint directory cannot be read: ${directoryTrouble}`;
      return ready ? undefined : 'the first scan of the checkpoint directory has not finished';
    },
  };
}
