import { AgentSettings } from '@checkpoint-warden/agent';
import { Setting } from '@checkpoint-warden/kit/settings';

/** Settings that several commands have. */

/** The agent's own: a command run beside it finds the same directory. */
export const { checkpointDir } = AgentSettings.properties;

export const policyFile = Setting.text({
  placeholder: 'file',
  description: 'Policy file (YAML or JSON), or - for standard input',
});

export const quietPeriodMs = Setting.duration({
  description: 'How long ago a cut-off archive must have changed last to count as a leftover',
  default: '60s',
});

export const textOrJson = Setting.choice(['text', 'json'], {
  placeholder: 'form',
  description: 'Form of the output',
  default: 'text',
});
