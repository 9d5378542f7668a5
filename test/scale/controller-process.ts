import { type RunningProcess, startProcess } from '../bench/process.ts';
import { freePort } from '../cluster/free-port.ts';
import { readImageRuntime } from '../image/image-runtime.ts';
import { AGENT_LABELS, AGENTS_NAMESPACE } from './cluster-shape.ts';

/** What a controller is started with. */
export interface ControllerFiles {
  /** The bundled program. */
  readonly program: string;
  readonly kubeconfig: string;
  readonly tlsDir: string;
  readonly agentPort: number;
  /** Agents that are no pods, as `--agent` takes them. */
  readonly agents: readonly string[];
  /** As `--poll-interval` takes it. */
  readonly pollInterval: string;
  /** More arguments of Node. */
  readonly nodeFlags?: readonly string[];
}

/** Starts the program as its image does. */
export async function startController(files: ControllerFiles): Promise<RunningProcess> {
  const port = await freePort();
  const selector = Object.entries(AGENT_LABELS)
    .map((pair) => pair.join('='))
    .join(',');
  const { nodeFlags, env } = readImageRuntime();
  return startProcess(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      '--',
      process.execPath,
      ...nodeFlags,
      ...(files.nodeFlags ?? []),
      files.program,
      'controller',
      `--kubeconfig=${files.kubeconfig}`,
      `--namespace=${AGENTS_NAMESPACE}`,
      `--agent-selector=${selector}`,
      `--agent-port=${files.agentPort}`,
      ...files.agents.map((agent) => `--agent=${agent}`),
      `--poll-interval=${files.pollInterval}`,
      `--tls-dir=${files.tlsDir}`,
      `--metrics-listen=127.0.0.1:${port}`,
    ],
    env,
  );
}
