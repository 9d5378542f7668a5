import { expect, it } from 'vitest';
import { pollInterval } from './poll-interval.ts';

it.each([
  [12_000, 0, 12_000],
  [12_000, 2_400, 12_000],
  [12_000, 5_000, 25_000],
  [60_000, 5_000, 60_000],
])('looks every %i ms at one of %i agents: every %i ms', (wantedMs, agents, everyMs) => {
  expect(pollInterval(wantedMs, agents)).toBe(everyMs);
});
