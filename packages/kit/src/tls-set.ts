import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { AppError, type Problem } from '@checkpoint-warden/errors';

/** The files of a `--tls-dir`, named as a Kubernetes TLS Secret mounts them. */
export const TLS_FILES = { ca: 'ca.crt', cert: 'tls.crt', key: 'tls.key' } as const;

/** Certificates and key that fit together, as PEM text. */
export interface TlsSet {
  /** One or more CA certificates; two while a CA is being replaced. */
  readonly ca: string;
  /** Our certificate, followed by intermediate ones if any. */
  readonly cert: string;
  readonly key: string;
  /** When the first of our own and the CA's certificates expires, Unix ms. */
  readonly expiresAtMs: number;
}

/**
 * Reads a directory's TLS files and checks that they can be used together. Expired certificates pass: peers refuse them and
 * an alert tells, while to refuse to start would take the metrics away that say so.
 *
 * @throws AppError `CW_ERR_TLS` with every problem
 */
export function loadTlsSet(dir: string): TlsSet {
  const problems: Problem[] = [];
  const attempt = <T>(file: string, message: string, make: () => T): T | undefined => {
    try {
      return make();
    } catch (error) {
      const remedy = `mount a Secret with ${Object.values(TLS_FILES).join(', ')} there`;
      problems.push({ path: join(dir, file), message: `${message}: ${(error as Error).message}`, remedy });
      return undefined;
    }
  };
  const read = (file: string) =>
    attempt(file, 'it cannot be read', () => readFileSync(join(dir, file), 'utf8'));
  const ca = read(TLS_FILES.ca);
  const cert = read(TLS_FILES.cert);
  const key = read(TLS_FILES.key);

  if (ca !== undefined && cert !== undefined && key !== undefined) {
    const authorities = attempt(TLS_FILES.ca, 'it holds no certificate', () => parseCertificates(ca));
    const own = attempt(TLS_FILES.cert, 'it holds no certificate', () => parseCertificates(cert)[0]);
    const privateKey = attempt(TLS_FILES.key, 'it holds no private key', () => createPrivateKey(key));
    if (own !== undefined && privateKey !== undefined && !own.checkPrivateKey(privateKey)) {
      problems.push({
        path: join(dir, TLS_FILES.key),
        message: `it is not the key of ${TLS_FILES.cert}`,
        remedy: 'replace both files together',
      });
    }
    if (problems.length === 0) {
      attempt(TLS_FILES.cert, 'OpenSSL refuses it', () => createSecureContext({ ca, cert, key }));
    }
    if (problems.length === 0 && authorities !== undefined && own !== undefined) {
      return {
        ca,
        cert,
        key,
        expiresAtMs: Math.min(...[own, ...authorities].map((each) => each.validToDate.getTime())),
      };
    }
  }
  throw new AppError('CW_ERR_TLS', `the TLS files in ${dir} cannot be used`, { problems });
}

/** All certificates of a PEM text. @throws an Error when there is none, or one is damaged */
export function parseCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g);
  if (blocks === null) throw new Error('no BEGIN CERTIFICATE line');
  return blocks.map((block) => new X509Certificate(block));
}
