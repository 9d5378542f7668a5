import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import { AppError } from '@checkpoint-warden/errors';
// The package itself loads for a second and takes some 90 MB, for the classes of every kind of object that there is.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { parse } from 'yaml';

/** Where the API server is and who we are to it, as of now. */
export interface KubeAccess {
  /** Base URL. */
  readonly server: string;
  /** Certificates, headers with tokens; `agent` only where a proxy is to be used. */
  readonly options: RequestOptions;
}

export interface KubeCredentials {
  /** Tokens and certificates may have been rotated since the last call: ask before each request. */
  access(): Promise<KubeAccess>;
  /** They were refused: read the files, and run the credential plugin, anew. */
  forget(): void;
}

/**
 * Opens a kubeconfig, or the service account of the pod that we run in.
 *
 * @param kubeconfig - file name; `undefined` for the service account
 * @throws AppError `CW_ERR_USAGE` when there is no usable one. What becomes wrong later, `access` rejects with
 */
export function openKubeCredentials(kubeconfig: string | undefined): KubeCredentials {
  let config: KubeConfig | undefined = load(kubeconfig);
  return {
    async access() {
      config ??= load(kubeconfig);
      const cluster = config.getCurrentCluster();
      if (cluster === null) throw new Error('the current context names no cluster');
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      // client-node's own agent holds the certificates of the first call for ever.
      if (cluster.proxyUrl === undefined) delete options.agent;
      return { server: cluster.server, options };
    },
    forget() {
      config = undefined;
    },
  };
}

function load(kubeconfig: string | undefined): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfig === undefined) {
    // Set by the kubelet in every container; client-node would go on with a server named "undefined".
    if (process.env.KUBERNETES_SERVICE_HOST === undefined) {
      throw new AppError(
        'CW_ERR_USAGE',
        'no API server: KUBERNETES_SERVICE_HOST is not set, so this is no pod; give --kubeconfig FILE',
      );
    }
    config.loadFromCluster();
    return config;
  }
  try {
    config.loadFromFile(kubeconfig);
    useTokenFiles(config, kubeconfig);
  } catch (cause) {
    throw new AppError('CW_ERR_USAGE', `kubeconfig ${kubeconfig}: ${(cause as Error).message}`, { cause });
  }
  if (config.getCurrentCluster() === null) {
    throw new AppError(
      'CW_ERR_USAGE',
      `kubeconfig ${kubeconfig}: current-context names no context with a cluster; set it with kubectl config use-context`,
    );
  }
  return config;
}

/**
 * Makes `tokenFile` of a user work. client-node knows it only as `token-file`, which no other client writes, and reads it once;
 * its token file provider reads it again every minute. Like client-go's, a token file goes before a token.
 */
function useTokenFiles(config: KubeConfig, kubeconfig: string): void {
  const { users } = parse(readFileSync(kubeconfig, 'utf8')) as {
    readonly users?: readonly { readonly name: string; readonly user?: { readonly tokenFile?: string } }[];
  };
  const tokenFiles = new Map(users?.map(({ name, user }) => [name, user?.tokenFile]));
  config.users = config.users.map(({ token, ...user }) => {
    const tokenFile = tokenFiles.get(user.name);
    if (tokenFile === undefined) return token === undefined ? user : { ...user, token };
    return {
      ...user,
      authProvider: { name: 'tokenFile', config: { tokenFile: resolve(dirname(kubeconfig), tokenFile) } },
    };
  });
}
