import { LOG_LEVELS, Setting } from '@checkpoint-warden/kit/settings';
import { type Static, Type } from 'typebox';

/** Settings of `checkpoint-warden controller`. */
export const ControllerSettings = Type.Object({
  kubeconfig: Type.Optional(
    Setting.text({
      placeholder: 'file',
      description: 'Kubeconfig file; without it, the service account of the pod that it runs in',
    }),
  ),
  namespace: Setting.text({
    placeholder: 'name',
    description: 'Namespace of the agents, the Lease and the TLS Secrets',
    default: 'checkpoint-warden',
  }),
  leaseName: Setting.text({
    placeholder: 'name',
    description: 'Lease that the leader of several controllers is elected by',
    default: 'checkpoint-warden-controller',
  }),
  agentSelector: Setting.text({
    placeholder: 'labels',
    description: 'Labels of the agents’ pods',
    default: 'app.kubernetes.io/name=checkpoint-warden,app.kubernetes.io/component=agent',
  }),
  agentPort: Setting.integer({
    description: 'Port of the agents’ HTTPS API',
    default: '9464',
    min: 1,
    max: 65_535,
  }),
  agent: Type.Optional(
    Setting.list({
      placeholder: 'node=url',
      description: 'Agent that is not to be looked for, e.g. node-1=https://10.0.0.1:9464; may be repeated',
    }),
  ),
  tlsDir: Type.Optional(
    Setting.text({
      placeholder: 'dir',
      description:
        'Directory with ca.crt, tls.crt and tls.key; without it, the controller issues certificates into Secrets and renews them',
    }),
  ),
  metricsListen: Setting.address({
    description: 'Address of /healthz, /readyz and /metrics, plain HTTP',
    default: ':9466',
  }),
  pollIntervalMs: Setting.duration({
    description:
      'Time between looks at an agent in which nothing changes, 30s at most, give or take a fifth; longer where it would make more than 200 looks a second',
    default: '12s',
    min: 1_000,
    max: 30_000, // with the fifth, an agent is heard of before others are told without it: `SILENT_MS`
  }),
  logLevel: Setting.choice(LOG_LEVELS, {
    placeholder: 'level',
    description: 'How much is logged',
    default: 'info',
  }),
});
export type ControllerSettings = Readonly<Static<typeof ControllerSettings>>;
