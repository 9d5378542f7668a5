import { TLS_FILES } from '@checkpoint-warden/kit';

/** Who has a certificate: the controller as the client, the agents as servers. All agents share one. */
export type TlsRole = 'controller' | 'agent';

/** What each role does with its certificate, and nothing else: an agent's key is no use for giving orders. */
export const PEER_USAGES = { controller: 'clientAuth', agent: 'serverAuth' } as const;

/** The Secrets of self-managed TLS, in the controller's namespace. */
export interface TlsSecretNames {
  /** Holds the keys of the CAs; only the controller may read it. */
  readonly ca: string;
  /** The controller's certificate and the CAs that it trusts. */
  readonly controller: string;
  /** The agents' certificate and the CAs that they trust; every agent mounts it. */
  readonly agent: string;
}

export const TLS_SECRET_NAMES: TlsSecretNames = {
  ca: 'checkpoint-warden-ca',
  controller: 'checkpoint-warden-controller-tls',
  agent: 'checkpoint-warden-agent-tls',
};

/** The API server does not let a Secret change its type. */
export const TLS_SECRET_TYPES: Readonly<Record<keyof TlsSecretNames, string>> = {
  ca: 'Opaque',
  controller: 'kubernetes.io/tls',
  agent: 'kubernetes.io/tls',
};

/** Keys in `data` of the CA's Secret: the CA that signs, and the one before it while certificates of it are in use. */
export const CA_KEYS = {
  current: { cert: 'ca.crt', key: 'ca.key' },
  previous: { cert: 'previous-ca.crt', key: 'previous-ca.key' },
} as const;

/** Keys in `data` of the other two: what an agent finds in its `--tls-dir`. */
export const LEAF_KEYS = TLS_FILES;

/** A Secret without them was not made by us, and is never written. */
export const TLS_SECRET_LABELS = {
  'app.kubernetes.io/managed-by': 'checkpoint-warden',
  'app.kubernetes.io/part-of': 'checkpoint-warden',
} as const;

/** Annotations of the other two, RFC 3339: since when the Secret has held its present CAs and its present certificate. */
export const SINCE_ANNOTATIONS = {
  trust: 'checkpoint-warden.dev/ca-since',
  leaf: 'checkpoint-warden.dev/certificate-since',
} as const;
