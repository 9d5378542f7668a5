import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ADMIN, issueUser, type User } from './credentials.ts';
import { kubeconfigText } from './kubeconfig.ts';

/** Where an API server is, and the files to reach it with: all that another process needs to know. */
export interface ApiAddress {
  readonly url: string;
  /** Holds the authority and kubeconfig files. */
  readonly credentials: string;
  /** Holds kubectl. */
  readonly assets: string;
}

/** What a command has done. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An answer of the API server. */
export interface ApiResponse {
  readonly status: number;
  /** The object, list or Status. */
  readonly body: unknown;
  /** What it warns of, as kubectl would print it. */
  readonly warnings: readonly string[];
}

/** An API server as one user sees it. */
export interface ApiClient {
  /** A kubeconfig file of the user. */
  readonly kubeconfig: string;
  /** Runs kubectl to its end. */
  kubectl(args: readonly string[], stdin?: string): Promise<CommandResult>;
  /** One request, at a hundredth of the cost of a kubectl. `body` is sent as JSON. */
  send(method: string, path: string, body?: unknown, contentType?: string): Promise<ApiResponse>;
  /** Closes its connections. */
  close(): void;
}

/** Makes a client for a user; by default for one who may do everything. */
export async function makeApiClient(address: ApiAddress, user: User = ADMIN): Promise<ApiClient> {
  const identity = await issueUser(address.credentials, user);
  // A folder of its own, also as the home directory of its kubectl: that keeps what it has seen of an API server by the
  // address, which another one may have had before.
  const home = await mkdtemp(join(address.credentials, 'client-'));
  const kubeconfig = join(home, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigText(address.url, identity), { mode: 0o600 });
  const agent = new Agent({ ...identity, keepAlive: true });
  return {
    kubeconfig,
    kubectl: (args, stdin) =>
      runKubectl(join(address.assets, 'kubectl'), { KUBECONFIG: kubeconfig, HOME: home }, args, stdin),
    async send(method, path, body, contentType = 'application/json') {
      const sent = request(new URL(path, address.url), {
        method,
        agent,
        headers: { 'content-type': contentType },
      });
      sent.end(body === undefined ? undefined : JSON.stringify(body));
      const [response] = await once(sent, 'response');
      const answer = await text(response);
      return {
        status: response.statusCode,
        body: /^[{[]/.test(answer) ? JSON.parse(answer) : answer,
        warnings: warningsOf(response.headers.warning),
      };
    },
    close: () => agent.destroy(),
  };
}

async function runKubectl(
  program: string,
  env: NodeJS.ProcessEnv,
  args: readonly string[],
  stdin = '',
): Promise<CommandResult> {
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(stdin);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, stdout, stderr };
}

/** @see RFC 7234, 5.5: `299 - "text"`, with quotes and backslashes in it escaped */
function warningsOf(header: string | undefined): string[] {
  return [...(header ?? '').matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, quoted = '']) =>
    quoted.replace(/\\(.)/g, '$1'),
  );
}
