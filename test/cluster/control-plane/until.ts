import { until as untilWithin } from '@checkpoint-warden/agent/testing';

/** Far more than anything takes on a slow machine: a limit against hanging, not a measurement. */
const WITHIN_MS = 90_000;

/** Waits for what controllers and agents do, and fails with its name when they do not. */
export function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  return untilWithin(what, isTrue, WITHIN_MS);
}
