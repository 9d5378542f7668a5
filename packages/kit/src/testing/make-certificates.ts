// @peculiar/x509 needs it, and before itself.
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { PEER_NAMES } from '../peer-certificate.ts';
import { TLS_FILES } from '../tls-set.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/** A certificate with its key, as PEM text. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority for tests. */
export interface TestAuthority {
  readonly cert: string;
  issue(options: IssueOptions): Promise<CertificatePair>;
}

/** What stands in a certificate. */
export interface IssueOptions {
  /** DNS name in the subject alternative names. */
  readonly dnsName: string;
  /** Extended key usages; an empty list leaves the extension out. */
  readonly usages: readonly ('serverAuth' | 'clientAuth')[];
  /** Milliseconds from now at which it expires; negative: it has. */
  readonly expiresInMs?: number;
}

/** Makes a new certificate authority; each has a key of its own, whatever its name. */
export async function makeAuthority(name = 'checkpoint-warden test'): Promise<TestAuthority> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const authority = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    notBefore: new Date(Date.now() - 2 * DAY_MS),
    notAfter: new Date(Date.now() + 2 * DAY_MS),
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  return { cert: authority.toString('pem'), issue: (options) => issue(authority, keys.privateKey, options) };
}

async function issue(
  authority: X509Certificate,
  signingKey: webcrypto.CryptoKey,
  { dnsName, usages, expiresInMs = DAY_MS }: IssueOptions,
): Promise<CertificatePair> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    subject: 'CN=test',
    issuer: authority.subject,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + expiresInMs),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new SubjectAlternativeNameExtension([{ type: 'dns', value: dnsName }]),
      ...(usages.length === 0
        ? []
        : [new ExtendedKeyUsageExtension(usages.map((usage) => ExtendedKeyUsage[usage]))]),
    ],
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    cert: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
  };
}

/** One authority with everything the two sides need, and a selection of what must be refused. */
export interface TestCertificates {
  readonly authority: TestAuthority;
  readonly controller: CertificatePair;
  readonly agent: CertificatePair;
  readonly refused: {
    /** The controller's name, but only fit for a server. */
    readonly wrongUsage: CertificatePair;
    /** The controller's name, without any extended key usage. */
    readonly noUsage: CertificatePair;
    readonly wrongName: CertificatePair;
    readonly wildcardName: CertificatePair;
    readonly expired: CertificatePair;
    /** Right in everything, from another authority. */
    readonly otherAuthority: CertificatePair;
  };
}

/** Makes {@link TestCertificates}. */
export async function makeCertificates(): Promise<TestCertificates> {
  const [authority, other] = await Promise.all([makeAuthority(), makeAuthority()]);
  const caller: IssueOptions = { dnsName: PEER_NAMES.controller, usages: ['clientAuth'] };
  return {
    authority,
    controller: await authority.issue(caller),
    agent: await authority.issue({ dnsName: PEER_NAMES.agent, usages: ['serverAuth'] }),
    refused: {
      wrongUsage: await authority.issue({ ...caller, usages: ['serverAuth'] }),
      noUsage: await authority.issue({ ...caller, usages: [] }),
      wrongName: await authority.issue({ ...caller, dnsName: 'controller.other' }),
      wildcardName: await authority.issue({ ...caller, dnsName: '*.checkpoint-warden' }),
      expired: await authority.issue({ ...caller, expiresInMs: -3_600_000 }),
      otherAuthority: await other.issue(caller),
    },
  };
}

/**
 * Writes a `--tls-dir` as the kubelet mounts a Secret: the files are links into `..data`, itself a link that is swapped for
 * a new directory on each call.
 *
 * @see k8s.io/kubernetes v1.37 `pkg/volume/util/atomic_writer.go`
 */
export function mountTlsSecret(dir: string, ca: string, { cert, key }: CertificatePair): void {
  const version = `..${process.hrtime.bigint()}`;
  mkdirSync(join(dir, version), { recursive: true });
  for (const [name, content] of [
    [TLS_FILES.ca, ca],
    [TLS_FILES.cert, cert],
    [TLS_FILES.key, key],
  ] as const) {
    writeFileSync(join(dir, version, name), content, { mode: 0o600 });
  }
  symlinkSync(version, join(dir, '..data_tmp'));
  renameSync(join(dir, '..data_tmp'), join(dir, '..data'));
  for (const name of Object.values(TLS_FILES)) {
    try {
      symlinkSync(join('..data', name), join(dir, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
