import { ControllerSettings } from '@checkpoint-warden/controller';
import { Type } from 'typebox';
import { podValues } from './component-values.ts';
import { Value } from './value.ts';

const { pollIntervalMs, metricsListen, logLevel } = ControllerSettings.properties;

/** Values of the Deployment. */
export const ControllerValues = Value.section(
  'The controller: it brings policies to the agents, finds out which pods are gone and writes the status. It never touches an archive.',
  {
    replicas: Value.integer({
      description: 'How many run. One leads, the others wait to take over.',
      default: 2,
      minimum: 1,
      maximum: 5,
    }),
    pollInterval: Value.setting(pollIntervalMs),
    logLevel: Value.setting(logLevel),
    metricsPort: Value.port('Port of metrics and probes, plain HTTP.', metricsListen),
    fixedAgents: Type.Unsafe<Record<string, string>>({
      type: 'object',
      additionalProperties: { type: 'string', pattern: '^https://[^/,=]+:[0-9]{1,5}$' },
      description:
        'Agents that are no pods of this chart: the node’s name with the address, such as `node-9: https://10.0.0.9:9464`.',
      default: {},
    }),
    runAsUser: Type.Unsafe<number | null>({
      type: ['integer', 'null'],
      minimum: 1,
      maximum: 4_294_967_294,
      description:
        'User and group that it runs as. `null` leaves both to the cluster, which OpenShift asks for.',
      default: 65_532,
    }),
    ...podValues({
      who: 'controllers',
      resources: { requests: { cpu: '50m', memory: '192Mi' }, limits: { memory: '1Gi' } },
      resourcesNote: 'Memory grows with the number of nodes and pods.',
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [],
      tolerationsNote: 'None unless given.',
    }),
    spreadOver: Value.list(Type.String({ minLength: 1 }), {
      description: 'Node labels over whose values the controllers are spread, where that is possible.',
      default: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'],
    }),
    podDisruptionBudget: Value.section('How many controllers a drain may stop at a time.', {
      enabled: Value.flag({ description: 'Whether to limit that.', default: true }),
      maxUnavailable: Value.integer({
        description: 'That many. 1 never blocks a drain, also with one replica.',
        default: 1,
        minimum: 1,
        maximum: 5,
      }),
    }),
  },
);
