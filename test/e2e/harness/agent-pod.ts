import { RELEASE } from './release.ts';
import type { TestCluster } from './test-cluster.ts';

/** The agent of a node, as an operator sees it. */
export interface AgentPod {
  readonly name: string;
  /** Runs the program in the agent's container; there is no shell in it. Gives what it prints. */
  run(args: readonly string[], stdin?: string): Promise<string>;
  /** Reads a counter or gauge from `/metrics`, with its labels as they are there; 0 if it has none of that. */
  metric(series: string): Promise<number>;
}

/** Finds the agent of a node. */
export async function agentOn(cluster: TestCluster, node: string): Promise<AgentPod> {
  const { items } = (await cluster.get(
    `/api/v1/namespaces/${RELEASE}/pods?labelSelector=app.kubernetes.io/component=agent&fieldSelector=spec.nodeName=${node}`,
  )) as { items: { metadata: { name: string } }[] };
  const pod = items[0]?.metadata.name;
  if (pod === undefined) throw new Error(`no agent runs on ${node}`);
  const program = ['--', '/nodejs/bin/node', '/app/checkpoint-warden.mjs'];
  return {
    name: pod,
    run: (args, stdin) =>
      cluster.kubectl(['exec', '--stdin', `--namespace=${RELEASE}`, pod, ...program, ...args], stdin),
    async metric(series) {
      const text = await cluster.get(`/api/v1/namespaces/${RELEASE}/pods/${pod}:9465/proxy/metrics`);
      const line = String(text)
        .split('\n')
        .find((each) => each.startsWith(`${series} `));
      return line === undefined ? 0 : Number(line.slice(series.length));
    },
  };
}
