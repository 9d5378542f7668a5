import { expect, it } from 'vitest';
import { jittered } from '../backoff.ts';
import { SILENT_MS } from '../groups/holder.ts';
import { pollInterval } from './poll-interval.ts';

it.each([
  [12_000, 0, 12_000],
  [12_000, 2_400, 12_000],
  [12_000, 5_000, 25_000],
  [30_000, 5_000, 30_000],
])('looks every %i ms at one of %i agents: every %i ms', (wantedMs, agents, everyMs) => {
  expect(pollInterval(wantedMs, agents)).toBe(everyMs);
});

it.each([
  [7_000, 'never'],
  [12_000, 'always'],
])('with %i agents one falls silent between two looks: %s', (agents, often) => {
  const everyMs = pollInterval(12_000, agents);
  const random = often === 'never' ? 1 : 0;
  expect(jittered(everyMs, () => random) > SILENT_MS).toBe(often === 'always');
});
