/** Label matchers of a query: what the variables at the top of the dashboard choose. */
const CLUSTER = 'cluster=~"$cluster", namespace=~"$namespace"';

/** Of series that an agent has. The node of a controller is of no interest. */
export function ofAgents(metric: string, matchers = ''): string {
  return select(metric, `${CLUSTER}, node=~"$node"`, matchers);
}

/** Of series that a controller has, or both. */
export function ofController(metric: string, matchers = ''): string {
  return select(metric, CLUSTER, matchers);
}

/** Of the processes of both, whatever the metric. */
export function ofProcesses(metric: string): string {
  return select(metric, CLUSTER, 'job=~"checkpoint-warden-(agent|controller)"');
}

function select(metric: string, ...matchers: readonly string[]): string {
  return `${metric}{${matchers.filter((each) => each !== '').join(', ')}}`;
}
