/** Of all agents together. A look takes 1.2 ms of CPU, so these take a fourth of a core. */
const MAX_POLLS_PER_SECOND = 200;

/** How long to wait between looks at one of so many agents, in ms: longer than wanted when all looks together would be too many. */
export function pollInterval(wantedMs: number, agents: number): number {
  return Math.max(wantedMs, (agents / MAX_POLLS_PER_SECOND) * 1_000);
}
