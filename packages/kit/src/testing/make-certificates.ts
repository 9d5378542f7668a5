// @peculiar/x509 needs it, and before itself.
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralNames,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
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
export interface TestAuthority extends CertificatePair {
  issue(options: IssueOptions): Promise<CertificatePair>;
}

/** What stands in a certificate. */
export interface IssueOptions {
  /** Whom Kubernetes takes the holder for. */
  readonly subject?: { readonly user: string; readonly groups: readonly string[] };
  /** DNS name in the subject alternative names. */
  readonly dnsName?: string;
  /** Addresses in the subject alternative names. */
  readonly ipAddresses?: readonly string[];
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
  return authorityOf(authority, keys.privateKey);
}

/** An authority of which the certificate and the key were kept. */
export async function openAuthority({ cert, key }: CertificatePair): Promise<TestAuthority> {
  const pkcs8 = PemConverter.decodeFirst(key);
  const signingKey = await crypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, true, ['sign']);
  return authorityOf(new X509Certificate(cert), signingKey);
}

async function authorityOf(
  authority: X509Certificate,
  signingKey: webcrypto.CryptoKey,
): Promise<TestAuthority> {
  return {
    cert: authority.toString('pem'),
    key: await keyPem(signingKey),
    issue: (options) => issue(authority, signingKey, options),
  };
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), PemConverter.PrivateKeyTag);
}

async function issue(
  authority: X509Certificate,
  signingKey: webcrypto.CryptoKey,
  { subject, dnsName, ipAddresses = [], usages, expiresInMs = DAY_MS }: IssueOptions,
): Promise<CertificatePair> {
  const names: JsonGeneralNames = [
    ...(dnsName === undefined ? [] : [{ type: 'dns' as const, value: dnsName }]),
    ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    subject: subject ? [{ CN: [subject.user] }, ...subject.groups.map((O) => ({ O: [O] }))] : 'CN=test',
    issuer: authority.subject,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + expiresInMs),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
      ...(usages.length === 0
        ? []
        : [new ExtendedKeyUsageExtension(usages.map((usage) => ExtendedKeyUsage[usage]))]),
    ],
  });
  return { cert: certificate.toString('pem'), key: await keyPem(keys.privateKey) };
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
