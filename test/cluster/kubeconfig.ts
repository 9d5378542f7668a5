/** A client certificate with its key and the authority of the server, as PEM text. */
export interface Identity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The text of a kubeconfig file, as JSON, which is YAML. */
export function kubeconfigText(server: string, { ca, cert, key }: Identity): string {
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [
      {
        name: 'test',
        user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) },
      },
    ],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  });
}
