import { LOG_LEVELS, Setting } from '@checkpoint-warden/kit/settings';
import { type Static, Type } from 'typebox';

/** Settings of `checkpoint-warden agent`. */
export const AgentSettings = Type.Object({
  checkpointDir: Setting.text({
    placeholder: 'dir',
    description: 'Directory that the container runtime writes checkpoint archives to',
    default: '/var/lib/kubelet/checkpoints',
  }),
  stateDir: Setting.text({
    placeholder: 'dir',
    description:
      'Directory for the inventory, the audit log and the policy in force; only the agent may read it',
    default: '/var/lib/checkpoint-warden',
  }),
  policyFile: Type.Optional(
    Setting.text({
      placeholder: 'file',
      description: 'Policy file to enforce without a controller; read again when it changes',
    }),
  ),
  nodeName: Type.Optional(
    Setting.text({ placeholder: 'name', description: 'Name of this node; the host name unless set' }),
  ),
  listen: Type.Optional(
    Setting.address({ description: 'Address of the HTTPS API for the controller; needs --tls-dir' }),
  ),
  tlsDir: Type.Optional(
    Setting.text({
      placeholder: 'dir',
      description: 'Directory with ca.crt, tls.crt and tls.key; read again when they change',
    }),
  ),
  metricsListen: Setting.address({
    description: 'Address of /healthz, /readyz and /metrics, plain HTTP',
    default: ':9465',
  }),
  scanIntervalMs: Setting.duration({
    description: 'Time between full scans of the checkpoint directory',
    default: '60s',
    min: 1_000,
  }),
  quietPeriodMs: Setting.duration({
    description: 'How long an incomplete archive must stay unchanged to count as a leftover',
    default: '60s',
    min: 1_000,
  }),
  logLevel: Setting.choice(LOG_LEVELS, {
    placeholder: 'level',
    description: 'How much is logged',
    default: 'info',
  }),
});
export type AgentSettings = Readonly<Static<typeof AgentSettings>>;
