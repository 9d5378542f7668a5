import { AgentSettings } from '@checkpoint-warden/agent';
import { BUILD_INFO } from '../build-info.ts';
import { defineCommand } from '../command.ts';

export const agent = defineCommand({
  name: 'agent',
  summary: 'Keep this node’s checkpoint directory within the policy',
  description:
    'Watches one checkpoint directory and deletes what the policy does not keep, until it is told to stop. It takes its policy from a file (--policy-file) or from the controller (--listen and --tls-dir). Without a policy nothing is ever deleted.',
  settings: AgentSettings,
  groups: {
    'Files:': ['checkpointDir', 'stateDir', 'policyFile'],
    'Network:': ['nodeName', 'listen', 'tlsDir', 'metricsListen'],
    'Behaviour:': ['scanIntervalMs', 'quietPeriodMs', 'logLevel'],
  },
  examples: [
    {
      line: 'agent --policy-file policy.yaml',
      does: 'enforce a policy file on this host, without Kubernetes',
    },
    {
      line: 'agent --listen :9464 --tls-dir /etc/checkpoint-warden/tls',
      does: 'take the policy from the controller',
    },
  ],
  async run({ settings, io }) {
    const { runAgent } = await import('@checkpoint-warden/agent/run');
    return runAgent(settings, { version: BUILD_INFO.version, terminal: io.stderr.isTerminal });
  },
});
