import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An HTTP server that answers as a test says, and a kubeconfig that leads to it. */
export interface StubApiServer extends AsyncDisposable {
  readonly port: number;
  /** File name. */
  readonly kubeconfig: string;
  /** Directory of the kubeconfig, for what else a test has to put there. */
  readonly directory: string;
  readonly requests: readonly IncomingMessage[];
  /** Connections accepted so far. */
  readonly accepted: number;
}

/** @param user - of the kubeconfig, as JSON */
export async function startStubApiServer(answer: RequestListener, user: object = {}): Promise<StubApiServer> {
  const requests: IncomingMessage[] = [];
  let accepted = 0;
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  }).on('connection', () => accepted++);
  // Node's own 5 s may pass between two calls on a busy machine, and whoever counts connections would see another.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const directory = mkdtempSync(join(tmpdir(), 'stub-api-server-'));
  const kubeconfig = join(directory, 'kubeconfig');
  writeKubeconfig(kubeconfig, `http://127.0.0.1:${port}`, user);
  return {
    port,
    kubeconfig,
    directory,
    requests,
    get accepted() {
      return accepted;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Writes a kubeconfig that leads to `server`, whatever certificate that shows. */
export function writeKubeconfig(file: string, server: string, user: object = {}): void {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'stub', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'stub', user }],
    contexts: [{ name: 'stub', context: { cluster: 'stub', user: 'stub' } }],
    'current-context': 'stub',
  };
  writeFileSync(file, JSON.stringify(config));
}
