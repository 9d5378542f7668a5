import { AgentSettings } from '@checkpoint-warden/agent';
import { Setting } from '@checkpoint-warden/kit/settings';
import { Type } from 'typebox';

/** Settings that several commands have. */

/** The agent's own: a command run beside it finds the same directory. */
export const { checkpointDir } = AgentSettings.properties;

export const policyFile = Type.Optional(
  Setting.text({
    placeholder: 'file',
    description:
      'Policy file (YAML or JSON), or - for standard input; without one the agent that runs on this node is asked',
  }),
);

/** The agent's own setting, from the other side. */
export const stateDir = Setting.text({
  placeholder: 'dir',
  description: 'State directory of the agent that is asked',
  default: AgentSettings.properties.stateDir.default ?? '',
});

export const quietPeriodMs = Setting.duration({
  description:
    'With a policy file: how long ago a cut-off archive must have changed last to count as a leftover',
  default: '60s',
});

export const textOrJson = Setting.choice(['text', 'json'], {
  placeholder: 'form',
  description: 'Form of the output',
  default: 'text',
});
