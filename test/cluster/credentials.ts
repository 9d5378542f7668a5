import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeAuthority, openAuthority, type TestAuthority } from '@checkpoint-warden/kit/testing';

/** A user as RBAC knows it. */
export interface User {
  readonly user: string;
  readonly groups: readonly string[];
}

/** May do everything, whatever RBAC says. */
export const ADMIN: User = { user: 'admin', groups: ['system:masters'] };

const AUTHORITY = { cert: 'ca.crt', key: 'ca.key' };

/** The files of an API server's own credentials, for its flags. */
export interface ServerCredentials {
  readonly authority: string;
  readonly cert: string;
  readonly key: string;
  readonly serviceAccountKey: string;
}

/** Makes an authority and what an API server on these addresses needs, as files in `folder`. */
export async function makeServerCredentials(
  folder: string,
  ipAddresses: readonly string[],
): Promise<ServerCredentials> {
  await mkdir(folder, { recursive: true });
  const authority = await makeAuthority();
  const server = await authority.issue({ ipAddresses, usages: ['serverAuth'] });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const save = async (name: string, text: string) => {
    const file = join(folder, name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  };
  await save(AUTHORITY.key, authority.key);
  return {
    authority: await save(AUTHORITY.cert, authority.cert),
    cert: await save('kube-apiserver.crt', server.cert),
    key: await save('kube-apiserver.key', server.key),
    serviceAccountKey: await save(
      'service-account.key',
      // In this form it also counts as the public key.
      privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    ),
  };
}

/** A client certificate of a user, from the authority in `folder`. */
export async function issueUser(folder: string, subject: User) {
  const authority = await readAuthority(folder);
  const { cert, key } = await authority.issue({ subject, usages: ['clientAuth'] });
  return { ca: authority.cert, cert, key };
}

async function readAuthority(folder: string): Promise<TestAuthority> {
  const [cert, key] = await Promise.all([
    readFile(join(folder, AUTHORITY.cert), 'utf8'),
    readFile(join(folder, AUTHORITY.key), 'utf8'),
  ]);
  return openAuthority({ cert, key });
}
