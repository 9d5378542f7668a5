import { ControllerSettings } from '@checkpoint-warden/controller';
import { BUILD_INFO } from '../build-info.ts';
import { defineCommand } from '../command.ts';

export const controller = defineCommand({
  name: 'controller',
  summary: 'Bring the policies of a cluster to the agents of its nodes',
  description:
    'Turns CheckpointRetentionPolicy objects into what each node enforces, tells the agents, finds out which pods of archives are gone, and reports in the objects’ status, in Events and in metrics. It never touches an archive. Several may run: one leads, elected by a Lease, the others wait.',
  settings: ControllerSettings,
  groups: {
    'Cluster:': ['kubeconfig', 'namespace', 'leaseName'],
    'Agents:': ['agentSelector', 'agentPort', 'agent', 'tlsDir', 'pollIntervalMs'],
    'Behaviour:': ['metricsListen', 'logLevel'],
  },
  examples: [
    { line: 'controller', does: 'in a pod, with its service account' },
    {
      line: 'controller --kubeconfig ~/.kube/config --agent node-1=https://10.0.0.1:9464 --tls-dir tls',
      does: 'from anywhere, for one agent that is no pod',
    },
  ],
  async run({ settings, io }) {
    const { runController } = await import('@checkpoint-warden/controller/run');
    return runController(settings, { version: BUILD_INFO.version, terminal: io.stderr.isTerminal });
  },
});
