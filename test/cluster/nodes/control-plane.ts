import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApiAddress, type ApiClient, makeApiClient } from '../api-client.ts';
import { issueUser, makeServerCredentials, type User } from '../credentials.ts';
import { commonApiServerFlags, etcdFlags } from '../flags.ts';
import { kubeconfigText } from '../kubeconfig.ts';
import { enterNetwork, GATEWAY_IP } from './network.ts';
import { type Supervised, supervise } from './supervise.ts';
import { untilDaemonsDo } from './until-daemons-do.ts';

/** Where the nodes reach the API server. */
export const INSIDE_URL = `https://${GATEWAY_IP}:6443`;

/** What {@link startControlPlane} needs. */
export interface ControlPlaneOptions {
  /** Where processes outside the network reach the API server. Its folder of credentials is made here. */
  readonly api: ApiAddress;
  /** For the files of the daemons. */
  readonly daemons: string;
  /** For data. */
  readonly folder: string;
  /** A process in the network of the cluster. */
  readonly network: number;
  /** Takes what is to be ended with the cluster. */
  readonly onEnd: (end: () => Promise<void>) => void;
}

/** A control plane that runs. */
export interface ControlPlane {
  readonly admin: ApiClient;
  readonly daemons: readonly Supervised[];
}

/**
 * Starts etcd, the API server with all that it checks by default, the controller manager and the scheduler.
 *
 * @returns when the API server is ready
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { api, folder, network, onEnd } = options;
  const started: Supervised[] = [];
  const start = (program: string, flags: readonly string[]) => {
    const command = [...enterNetwork(network), join(api.assets, program), ...flags];
    const daemon = supervise(program, command, options.daemons);
    onEnd(daemon.end);
    started.push(daemon);
  };

  const files = await makeServerCredentials(api.credentials, ['127.0.0.1', GATEWAY_IP, '10.96.0.1']);
  const kubelets = await saveIdentity(api, 'kubelets', {
    user: 'kube-apiserver-kubelet-client',
    groups: ['system:masters'],
  });
  const kubeconfig = async (user: string) => {
    const file = join(api.credentials, `${user}.kubeconfig`);
    const identity = await issueUser(api.credentials, { user: `system:${user}`, groups: [] });
    await writeFile(file, kubeconfigText(INSIDE_URL, identity), { mode: 0o600 });
    return file;
  };

  start('etcd', etcdFlags(folder, 2379, 2380));
  start('kube-apiserver', [
    ...commonApiServerFlags(files, 2379),
    `--bind-address=${GATEWAY_IP}`,
    `--advertise-address=${GATEWAY_IP}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    `--kubelet-client-certificate=${kubelets.cert}`,
    `--kubelet-client-key=${kubelets.key}`,
    '--kubelet-preferred-address-types=InternalIP',
  ]);
  const admin = await makeApiClient(api);
  onEnd(async () => admin.close());
  await untilDaemonsDo(started, 'the API server is ready', async () => {
    return (await admin.send('GET', '/readyz')).status === 200;
  });

  start('kube-controller-manager', [
    `--kubeconfig=${await kubeconfig('kube-controller-manager')}`,
    `--service-account-private-key-file=${files.serviceAccountKey}`,
    `--root-ca-file=${files.authority}`,
    '--use-service-account-credentials',
    '--leader-elect=false',
  ]);
  start('kube-scheduler', [`--kubeconfig=${await kubeconfig('kube-scheduler')}`, '--leader-elect=false']);
  return { admin, daemons: started };
}

async function saveIdentity({ credentials }: ApiAddress, name: string, user: User) {
  const { cert, key } = await issueUser(credentials, user);
  const files = { cert: join(credentials, `${name}.crt`), key: join(credentials, `${name}.key`) };
  await writeFile(files.cert, cert);
  await writeFile(files.key, key, { mode: 0o600 });
  return files;
}
