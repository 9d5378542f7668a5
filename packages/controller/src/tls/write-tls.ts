import type { Clock } from '@checkpoint-warden/kit';
import { type KubeApi, SECRETS, type Secret } from '@checkpoint-warden/kube';
import {
  type IssuedCertificate,
  issueCertificate,
  makeAuthority,
  type Validity,
} from './issue-certificates.ts';
import type { AuthoritiesWrite, PeerWrite, TlsWrite } from './plan-tls.ts';
import {
  CA_KEYS,
  LEAF_KEYS,
  SINCE_ANNOTATIONS,
  TLS_SECRET_LABELS,
  TLS_SECRET_TYPES,
  type TlsSecretNames,
} from './tls-secrets.ts';
import type { Authority, TlsSecrets } from './tls-view.ts';

/** What a write needs; where the Secrets are, and for how many ms what is issued is valid. */
export interface TlsWriting {
  readonly api: Pick<KubeApi, 'create' | 'replace'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly namespace: string;
  readonly names: TlsSecretNames;
  readonly caValidityMs: number;
  readonly leafValidityMs: number;
}

/**
 * Carries out one planned write: makes keys and certificates, then creates the Secret, or replaces it as it was read.
 *
 * @throws KubeError; reason `Conflict` or `AlreadyExists` when the Secret is not any more as the plan was made from
 */
export async function writeTls(
  { api, clock, namespace, names, caValidityMs, leafValidityMs }: TlsWriting,
  write: TlsWrite,
  read: TlsSecrets,
  signal: AbortSignal,
): Promise<void> {
  const content =
    write.secret === 'ca'
      ? await authoritiesContent(write, { nowMs: clock.nowMs(), validityMs: caValidityMs })
      : await peerContent(write, { nowMs: clock.nowMs(), validityMs: leafValidityMs });
  const before = read[write.secret];
  signal.throwIfAborted();
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: TLS_SECRET_TYPES[write.secret],
    metadata: {
      ...before?.metadata,
      name: names[write.secret],
      namespace,
      labels: { ...before?.metadata.labels, ...TLS_SECRET_LABELS },
      annotations: {
        ...before?.metadata.annotations,
        ...(write.secret === 'ca' ? {} : sinceAnnotations(write, clock.nowMs())),
      },
    },
    // Keys that are not named here go.
    data: Object.fromEntries(
      Object.entries(content).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
    ),
  };
  await (before === undefined ? api.create(SECRETS, secret, signal) : api.replace(SECRETS, secret, signal));
}

function sinceAnnotations({ trustSince, leafSince }: PeerWrite, nowMs: number): Record<string, string> {
  const format = (since: number | 'now') => new Date(since === 'now' ? nowMs : since).toISOString();
  return { [SINCE_ANNOTATIONS.trust]: format(trustSince), [SINCE_ANNOTATIONS.leaf]: format(leafSince) };
}

async function authoritiesContent({ current, previous }: AuthoritiesWrite, validity: Validity) {
  const signing = current === 'make' ? await makeAuthority(validity) : toPem(current);
  return {
    ...named(CA_KEYS.current, signing),
    ...(previous === undefined ? {} : named(CA_KEYS.previous, toPem(previous))),
  };
}

async function peerContent({ secret, trust, leaf }: PeerWrite, validity: Validity) {
  const own = 'issueBy' in leaf ? await issueCertificate(secret, leaf.issueBy, validity) : leaf;
  return { [LEAF_KEYS.ca]: trust.map(String).join(''), ...named(LEAF_KEYS, own) };
}

function named(
  keys: { readonly cert: string; readonly key: string },
  { certPem, keyPem }: IssuedCertificate,
) {
  return { [keys.cert]: certPem, [keys.key]: keyPem };
}

function toPem({ certificate, key }: Authority): IssuedCertificate {
  return {
    certPem: certificate.toString(),
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
