import { writeSync } from 'node:fs';

/** Prints a figure or a state while the tests run, past vitest, which holds back what passing tests print. */
export function tell(text: string): void {
  writeSync(2, `${text}\n`);
}
