import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { AppError, type Problem } from '@checkpoint-warden/errors';
import { findPeerProblem, PEER_NAMES, parseCertificates } from '@checkpoint-warden/kit';
import type { Secret } from '@checkpoint-warden/kube';
import {
  CA_KEYS,
  LEAF_KEYS,
  PEER_USAGES,
  SINCE_ANNOTATIONS,
  TLS_SECRET_LABELS,
  TLS_SECRET_TYPES,
  type TlsRole,
  type TlsSecretNames,
} from './tls-secrets.ts';

/** A CA that we can sign with. */
export interface Authority {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/** A certificate fit for its role, with its key, as PEM. Who issued it and whether it is valid today is not looked at. */
export interface Leaf {
  readonly certificate: X509Certificate;
  readonly certPem: string;
  readonly keyPem: string;
}

/** What the CA's Secret holds. An authority that is absent or damaged is `undefined`. */
export interface AuthoritiesView {
  /** As read, for its `resourceVersion`; `undefined` when there is none. */
  readonly secret: Secret | undefined;
  readonly current: Authority | undefined;
  readonly previous: Authority | undefined;
}

/** What the controller's or the agents' Secret holds. What is absent or damaged is `undefined` or empty. */
export interface PeerView {
  readonly secret: Secret | undefined;
  /** The CAs whose certificates this side accepts. */
  readonly trust: readonly X509Certificate[];
  readonly leaf: Leaf | undefined;
  /** Since when it has held them, Unix ms. */
  readonly trustSinceMs: number | undefined;
  readonly leafSinceMs: number | undefined;
}

/** The three Secrets, as far as they can be understood. */
export type TlsView = { readonly authorities: AuthoritiesView } & Readonly<Record<TlsRole, PeerView>>;

/** The three Secrets as the API server gave them. */
export type TlsSecrets = Readonly<Record<keyof TlsSecretNames, Secret | undefined>>;

/**
 * Understands the Secrets. Pure. Damage is not an error: what cannot be used is issued anew.
 *
 * @throws AppError `CW_ERR_TLS` when a Secret is somebody else's
 */
export function readTlsView(secrets: TlsSecrets): TlsView {
  const problems = (['ca', 'controller', 'agent'] as const).flatMap((which) => {
    const secret = secrets[which];
    return secret === undefined ? [] : findForeign(secret, TLS_SECRET_TYPES[which]);
  });
  if (problems.length > 0) {
    const what = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
    const message = `Secrets of self-managed TLS were not made by this controller: ${what}`;
    throw new AppError('CW_ERR_TLS', message, { problems });
  }
  return {
    authorities: {
      secret: secrets.ca,
      current: readAuthority(secrets.ca, CA_KEYS.current),
      previous: readAuthority(secrets.ca, CA_KEYS.previous),
    },
    controller: readPeer(secrets.controller, 'controller'),
    agent: readPeer(secrets.agent, 'agent'),
  };
}

function findForeign({ metadata, type }: Secret, wanted: string): Problem[] {
  const path = `Secret ${metadata.namespace}/${metadata.name}`;
  const missing = Object.entries(TLS_SECRET_LABELS).find(([key, value]) => metadata.labels?.[key] !== value);
  if (missing !== undefined) {
    const remedy = 'delete it, give another name, or choose the TLS mode existingSecret';
    return [{ path, message: `it lacks the label ${missing.join('=')}`, remedy }];
  }
  if (type === wanted) return [];
  const remedy = 'delete it: a Secret cannot change its type';
  return [{ path, message: `its type is ${type}, not ${wanted}`, remedy }];
}

/** Only P-256 keys: it is what we make, and signing with another is not provided for. */
function readAuthority(
  secret: Secret | undefined,
  keys: { cert: string; key: string },
): Authority | undefined {
  return orUndefined(() => {
    const certificate = new X509Certificate(textOf(secret, keys.cert));
    const key = createPrivateKey(textOf(secret, keys.key));
    const fits = certificate.ca && certificate.checkPrivateKey(key);
    return fits && key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? { certificate, key } : undefined;
  });
}

function readPeer(secret: Secret | undefined, role: TlsRole): PeerView {
  return {
    secret,
    trust: orUndefined(() => parseCertificates(textOf(secret, LEAF_KEYS.ca))) ?? [],
    leaf: orUndefined(() => readLeaf(textOf(secret, LEAF_KEYS.cert), textOf(secret, LEAF_KEYS.key), role)),
    trustSinceMs: readSince(secret, SINCE_ANNOTATIONS.trust),
    leafSinceMs: readSince(secret, SINCE_ANNOTATIONS.leaf),
  };
}

function readLeaf(certPem: string, keyPem: string, role: TlsRole): Leaf | undefined {
  const certificate = new X509Certificate(certPem);
  const fits =
    !certificate.ca &&
    certificate.checkPrivateKey(createPrivateKey(keyPem)) &&
    findPeerProblem(certificate, PEER_NAMES[role], PEER_USAGES[role]) === undefined;
  return fits ? { certificate, certPem, keyPem } : undefined;
}

function readSince(secret: Secret | undefined, annotation: string): number | undefined {
  const ms = Date.parse(secret?.metadata.annotations?.[annotation] ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

function textOf(secret: Secret | undefined, key: string): string {
  return Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8');
}

/** OpenSSL and the PEM reader throw for anything that they cannot read; here all of it is the same: damaged. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
