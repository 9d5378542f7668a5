import type { Stored } from '../state/stored.ts';

/** The in-memory port of {@link Stored}. */
export function storedValue<T>(): Stored<T> {
  let value: T | undefined;
  return {
    load: () => value,
    save(next) {
      value = next;
    },
  };
}
