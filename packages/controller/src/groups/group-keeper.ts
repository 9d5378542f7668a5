import type { Clock, Component, Waker } from '@checkpoint-warden/kit';
import { type GroupBook, SWEEP_MS } from './group-book.ts';

export interface GroupKeeperPorts {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly book: Pick<GroupBook, 'settle'>;
  /** Woken when there is something to settle. */
  readonly waker: Waker;
  /** These have something to be told, or to be asked. */
  readonly onAffected: (nodes: ReadonlySet<string>) => void;
}

/** Between two settlings: what comes within this time of one is settled together. */
const GATHER_MS = 10;

/**
 * Settles the group book after each change of it, the first one at once, and now and then without one: silence changes it as
 * well.
 */
export function createGroupKeeper({ clock, book, waker, onAffected }: GroupKeeperPorts): Component {
  return {
    async run(signal) {
      while (!signal.aborted) {
        const affected = book.settle();
        if (affected.size > 0) onAffected(affected);
        await clock.sleep(GATHER_MS, signal);
        await waker.wait(SWEEP_MS, signal);
      }
    },
  };
}
