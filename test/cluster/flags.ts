import { join } from 'node:path';
import type { ServerCredentials } from './credentials.ts';

/** The flags of an etcd on 127.0.0.1 whose data is in `folder`. */
export function etcdFlags(folder: string, port: number, peerPort: number): string[] {
  const url = `http://127.0.0.1:${port}`;
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    '--unsafe-no-fsync', // nothing has to survive the machine
    '--log-level=warn',
  ];
}

/** The flags that every kube-apiserver of the tests has. */
export function commonApiServerFlags(files: ServerCredentials, etcdPort: number): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--tls-cert-file=${files.cert}`,
    `--tls-private-key-file=${files.key}`,
    `--client-ca-file=${files.authority}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${files.serviceAccountKey}`,
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    '--service-cluster-ip-range=10.96.0.0/16',
  ];
}
