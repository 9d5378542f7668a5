import { type ApiClient, type CommandResult, makeApiClient } from '../../cluster/api-client.ts';
import type { ClusterAddress } from '../../cluster/nodes/cluster-address.ts';
import { isSupervised, makeTestDaemon, type TestDaemon } from './test-daemon.ts';
import { makeTestNode, type TestNode } from './test-node.ts';

/** The cluster of the run, for the one test file that has it at a time. */
export interface TestCluster {
  readonly address: ClusterAddress;
  /** As one who may do everything. */
  readonly admin: ApiClient;
  readonly nodes: readonly TestNode[];
  node(name: string): TestNode;
  readonly apiServer: TestDaemon;
  /** Whether its daemons can be stopped. Not on kind: `it.runIf(cluster.isOurs)`. */
  readonly isOurs: boolean;
  /**
   * Runs kubectl.
   *
   * @returns what it printed
   * @throws Error with what it says when it fails
   */
  kubectl(args: readonly string[], stdin?: string): Promise<string>;
  /**
   * Reads an object, or `undefined` if there is none.
   *
   * @throws Error when the API server answers something else
   */
  get(path: string): Promise<unknown>;
  close(): void;
}

/** Opens the cluster at an address. */
export async function openTestCluster(address: ClusterAddress): Promise<TestCluster> {
  const admin = await makeApiClient(address.api);
  const nodes = address.nodes.map((node) => makeTestNode(address, node));
  return {
    address,
    admin,
    nodes,
    node(name) {
      const found = nodes.find((node) => node.name === name);
      if (found === undefined)
        throw new Error(`there is no node ${name}: only ${nodes.map((node) => node.name)}`);
      return found;
    },
    apiServer: makeTestDaemon(address.daemons, 'kube-apiserver'),
    isOurs: isSupervised(address.daemons, 'kube-apiserver'),
    kubectl: async (args, stdin) => outputOf(args, await admin.kubectl(args, stdin)),
    async get(path) {
      const { status, body } = await admin.send('GET', path);
      if (status === 200) return body;
      if (status === 404) return undefined;
      throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    },
    close: admin.close,
  };
}

function outputOf(args: readonly string[], { code, stdout, stderr }: CommandResult): string {
  if (code === 0) return stdout;
  throw new Error(`kubectl ${args.join(' ')} ended with exit code ${code}: ${stderr.trim()}`);
}
