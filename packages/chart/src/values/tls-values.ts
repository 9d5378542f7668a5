import { Type } from 'typebox';
import { Value } from './value.ts';

const ISSUER = { description: 'Its name. Without one the chart makes a CA of its own.', default: '' };

/** Values about certificates, with what each mode needs. */
export const TlsValues = Type.Unsafe({
  ...Value.section(
    'Certificates of controller and agents, who talk over mutual TLS only. How that works: docs/explanation/tls.md.',
    {
      mode: Value.choice(['selfManaged', 'certManager', 'existingSecret'], {
        description:
          'Who issues them: the controller, into Secrets (`selfManaged`); cert-manager (`certManager`); or you (`existingSecret`).',
        default: 'selfManaged',
      }),
      certManager: Value.section('For `mode: certManager`.', {
        issuerRef: Value.section('Issuer of both certificates. It must put its CA into `ca.crt`.', {
          name: Value.dottedName(ISSUER),
          kind: Value.text({
            description: 'Its kind, such as `Issuer` or `ClusterIssuer`.',
            default: 'Issuer',
            pattern: '^[A-Z][A-Za-z0-9]*$',
          }),
          group: Value.dottedName({ description: 'API group of that kind.', default: 'cert-manager.io' }),
        }),
        duration: Value.goDuration({
          description: 'How long a certificate is valid, in hours, minutes and seconds.',
          default: '2160h',
        }),
        renewBefore: Value.goDuration({
          description: 'How long before its end a certificate is renewed.',
          default: '720h',
        }),
      }),
      existingSecret: Value.section(
        'For `mode: existingSecret`: Secrets in the release’s namespace with `ca.crt`, `tls.crt` and `tls.key`.',
        {
          controller: Value.dottedName({
            description: 'The controller’s: DNS name `controller.checkpoint-warden`, usage client auth only.',
            default: '',
          }),
          agent: Value.dottedName({
            description: 'The agents’: DNS name `agent.checkpoint-warden`, usage server auth only.',
            default: '',
          }),
        },
      ),
    },
  ),
  if: { properties: { mode: { const: 'existingSecret' } }, required: ['mode'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: {
    properties: {
      existingSecret: {
        properties: { controller: { minLength: 1 }, agent: { minLength: 1 } },
      },
    },
  },
});
