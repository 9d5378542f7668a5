/** A pod as the API server gives it, with its type. */
export interface StoredPod {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid?: string;
    readonly resourceVersion?: string | undefined;
  };
  readonly spec?: object;
  readonly status?: object;
}

/**
 * Writes pods into the etcd of an API server. That reads JSON as well as its own format; the resourceVersion is the revision
 * in etcd and not stored.
 *
 * @see https://etcd.io/docs/latest/dev-guide/api_grpc_gateway/
 */
export async function storePods(etcd: string, pods: readonly StoredPod[]): Promise<void> {
  const success = pods.map((pod) => {
    const { namespace, name } = pod.metadata;
    const value = { ...pod, metadata: { ...pod.metadata, resourceVersion: undefined } };
    return {
      requestPut: {
        key: base64(`/registry/pods/${namespace}/${name}`),
        value: base64(JSON.stringify(value)),
      },
    };
  });
  const response = await fetch(`${etcd}/v3/kv/txn`, { method: 'POST', body: JSON.stringify({ success }) });
  if (!response.ok) throw new Error(`etcd refuses pods: ${response.status} ${await response.text()}`);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
