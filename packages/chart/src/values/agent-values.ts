import { AgentSettings } from '@checkpoint-warden/agent';
import { ControllerSettings } from '@checkpoint-warden/controller';
import { Type } from 'typebox';
import { podValues } from './component-values.ts';
import { SELinuxProperties } from './kubernetes-fields.ts';
import { Value } from './value.ts';

const { checkpointDir, stateDir, scanIntervalMs, quietPeriodMs, metricsListen, logLevel } =
  AgentSettings.properties;

/** Values of the DaemonSet. */
export const AgentValues = Value.section(
  'The agent, one on each node: it looks after the node’s checkpoint directory and is the only one that deletes.',
  {
    checkpointDir: Value.setting(checkpointDir),
    stateDir: Value.setting(stateDir),
    scanInterval: Value.setting(scanIntervalMs),
    quietPeriod: Value.setting(quietPeriodMs),
    logLevel: Value.setting(logLevel),
    port: Value.port(
      'Port of the HTTPS API that the controller calls.',
      ControllerSettings.properties.agentPort,
    ),
    metricsPort: Value.port('Port of metrics and probes, plain HTTP.', metricsListen),
    updateStrategy: Value.section('How a new version comes to the nodes.', {
      type: Value.choice(['RollingUpdate', 'OnDelete'], {
        description: 'By itself, or when a pod is deleted.',
        default: 'RollingUpdate',
      }),
      maxUnavailable: Type.Unsafe<number | string>({
        anyOf: [
          { type: 'integer', minimum: 1 },
          { type: 'string', pattern: '^([1-9][0-9]?|100)%$' },
        ],
        description: 'How many agents are replaced at a time, as a number or a percentage of the nodes.',
        default: '10%',
      }),
    }),
    ...podValues({
      who: 'agents',
      resources: { requests: { cpu: '10m', memory: '128Mi' }, limits: { memory: '512Mi' } },
      resourcesNote: 'Enough for tens of thousands of archives on a node.',
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ operator: 'Exists' }],
      tolerationsNote: 'All of them: archives may lie on any node.',
    }),
    seLinuxOptions: Type.Object(SELinuxProperties, {
      additionalProperties: false,
      description:
        'SELinux context of the pods. Where nodes enforce SELinux, `type: spc_t` lets the agent into the kubelet’s directory.',
      default: {},
    }),
  },
);
