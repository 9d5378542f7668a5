import { waitUntil } from '../wait-until.ts';
import type { Supervised } from './supervise.ts';

/** On a machine that has nothing else to do, each step takes under 10 s. */
const WITHIN_MS = 120_000;

/**
 * Waits for what daemons do after their start.
 *
 * @throws Error when one of them ends or they do not do it in time, with the ends of their logs
 */
export async function untilDaemonsDo(
  daemons: readonly Supervised[],
  what: string,
  look: () => Promise<boolean>,
): Promise<void> {
  const hasEnded = (daemon: Supervised) => daemon.endings() > 0;
  const hopeless = () => {
    const ended = daemons.filter(hasEnded).map(({ name }) => name);
    return ended.length > 0 ? `${ended.join(', ')} ended` : undefined;
  };
  try {
    await waitUntil(look, { what, withinMs: WITHIN_MS, hopeless });
  } catch (error) {
    const endedLast = daemons.toSorted((one, other) => Number(hasEnded(one)) - Number(hasEnded(other)));
    const logs = endedLast.map(({ name, logTail }) => `--- ${name}\n${logTail()}`);
    throw new Error(`the cluster did not start: ${(error as Error).message}\n${logs.join('\n')}`);
  }
}
