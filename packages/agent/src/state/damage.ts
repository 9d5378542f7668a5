import { readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '@checkpoint-warden/kit';

/** A state file that could not be used. */
export interface Damage {
  readonly file: string;
  readonly reason: string;
  /** Where what could not be used is kept for a look at it. */
  readonly setAsideAs?: string;
}

/** What the readers of state files need to deal with damaged ones. */
export interface DamageHandling {
  readonly clock: Clock;
  /** Called once for each damage that is found. */
  readonly onDamage: (damage: Damage) => void;
}

/** How many damaged copies of one file are kept; the oldest go. */
const KEPT_COPIES = 3;

/**
 * Moves a damaged file out of the way, as `<name>.damaged-<time>`, and reports it.
 *
 * @returns its new path
 */
export function setAside(file: string, reason: string, { clock, onDamage }: DamageHandling): string {
  const setAsideAs = damagedName(file, clock);
  renameSync(file, setAsideAs);
  dropOldCopies(file);
  onDamage({ file, reason, setAsideAs });
  return setAsideAs;
}

/** @returns the path under which something damaged of `file` is kept */
export function damagedName(file: string, clock: Clock): string {
  return `${file}.damaged-${new Date(clock.nowMs()).toISOString().replaceAll(/[-:]/g, '')}`;
}

/** Removes all but the newest damaged copies of a file. */
export function dropOldCopies(file: string): void {
  const prefix = `${basename(file)}.damaged-`;
  const copies = readdirSync(dirname(file)).filter((name) => name.startsWith(prefix));
  for (const name of copies.sort().slice(0, -KEPT_COPIES)) {
    rmSync(join(dirname(file), name), { force: true, recursive: true });
  }
}
