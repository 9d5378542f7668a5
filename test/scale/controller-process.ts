import { freePort } from '../cluster/free-port.ts';
import { type RunningProcess, startProcess } from '../bench/process.ts';
import { AGENT_LABELS, AGENTS_NAMESPACE } from './cluster-shape.ts';

/** What a controller is started with. */
export interface ControllerFiles {
  /** The bundled program. */
  readonly program: string;
  readonly kubeconfig: string;
  readonly tlsDir: string;
  readonly agentPort: number;
  /** More arguments of Node. */
  readonly nodeFlags?: readonly string[];
}

/** A controller of the scale tests. */
export interface ControllerProcess extends RunningProcess {
  /** Its metrics, as text. */
  metrics(): Promise<string>;
}

/** Starts the program as its image does. */
export async function startController(files: ControllerFiles): Promise<ControllerProcess> {
  const port = await freePort();
  const selector = Object.entries(AGENT_LABELS)
    .map((pair) => pair.join('='))
    .join(',');
  const running = startProcess(process.execPath, [
    '--optimize-for-size',
    ...(files.nodeFlags ?? []),
    files.program,
    'controller',
    `--kubeconfig=${files.kubeconfig}`,
    `--namespace=${AGENTS_NAMESPACE}`,
    `--agent-selector=${selector}`,
    `--agent-port=${files.agentPort}`,
    `--tls-dir=${files.tlsDir}`,
    `--metrics-listen=127.0.0.1:${port}`,
  ]);
  return {
    ...running,
    metrics: async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
  };
}
