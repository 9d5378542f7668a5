import { setImmediate } from 'node:timers/promises';

/** Lets everything run that waits for nothing but other code of this process. */
export async function allSettled(): Promise<void> {
  await setImmediate();
}
