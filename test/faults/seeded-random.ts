/** Random choices that a seed makes again. */
export interface SeededRandom {
  readonly seed: number;
  /** At least 0, less than `below`. */
  integer(below: number): number;
  /** With this probability. */
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
}

/** Prints its seed; CHECKPOINT_WARDEN_SEED repeats a run as far as the machine's own timing allows. */
export function seededRandom(): SeededRandom {
  const seed = Number(process.env.CHECKPOINT_WARDEN_SEED ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`CHECKPOINT_WARDEN_SEED=${seed}`);
  let state = seed >>> 0;
  /** mulberry32, public domain. */
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    seed,
    integer: (below) => Math.floor(next() * below),
    chance: (probability) => next() < probability,
    pick(items) {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
  };
}
