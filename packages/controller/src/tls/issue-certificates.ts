import { KeyObject, randomBytes, type webcrypto } from 'node:crypto';
import { PEER_NAMES } from '@checkpoint-warden/kit';
import { PEER_USAGES, type TlsRole } from './tls-secrets.ts';
import type { Authority } from './tls-view.ts';

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING_ALGORITHM = { ...KEY_ALGORITHM, hash: 'SHA-256' };

/** Certificates are valid from so long before they are made, for clocks that are behind. */
const BACKDATED_MS = 3_600_000;

/** A certificate with its key, as PEM text. */
export interface IssuedCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

/** When it is made, and how long from then it is valid. */
export interface Validity {
  readonly nowMs: number;
  readonly validityMs: number;
}

/**
 * Makes a CA that can sign leaf certificates and no further CA. Each has a subject of its own, so that a verifier finds the
 * right one among two.
 *
 * @see RFC 5280 sections 4.1.2 and 4.2.1
 */
export async function makeAuthority({ nowMs, validityMs }: Validity): Promise<IssuedCertificate> {
  const x509 = await loadX509();
  const keys = await makeKeys();
  const serialNumber = makeSerialNumber();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    name: `CN=checkpoint-warden CA ${serialNumber}`,
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(nowMs + validityMs),
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: certificate.toString('pem'), keyPem: toPem(keys.privateKey) };
}

/** Issues a certificate for one role, that ends with its CA's at the latest. */
export async function issueCertificate(
  role: TlsRole,
  authority: Authority,
  { nowMs, validityMs }: Validity,
): Promise<IssuedCertificate> {
  const x509 = await loadX509();
  const keys = await makeKeys();
  const issuer = new x509.X509Certificate(authority.certificate.raw);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: makeSerialNumber(),
    subject: `CN=${PEER_NAMES[role]}`,
    issuer: issuer.subjectName,
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(Math.min(nowMs + validityMs, issuer.notAfter.getTime())),
    publicKey: keys.publicKey,
    signingKey: authority.key.toCryptoKey(KEY_ALGORITHM, false, ['sign']),
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[PEER_USAGES[role]]]),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: PEER_NAMES[role] }]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { certPem: certificate.toString('pem'), keyPem: toPem(keys.privateKey) };
}

/** Loaded when something is issued, some times a year: most of the time nobody needs it in memory. */
async function loadX509() {
  // It needs this, and before itself.
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
}

/** 127 random bits: positive, and unique for all practical purposes (RFC 5280 section 4.1.2.2). */
function makeSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f || 1, 0);
  return bytes.toString('hex');
}

function toPem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
}
