import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BUSYBOX_IMAGE } from '../../image/busybox-image.ts';
import type { TestCluster } from './test-cluster.ts';
import { WITHIN_MS, waitFor } from './wait-for.ts';

/** What pod to make. */
export interface PodOptions {
  readonly name: string;
  /** Name of the node; by default the first. */
  readonly node?: string;
  /** By default one, `app`. */
  readonly containers?: readonly string[];
  /** Bytes of memory that each container fills: its archives are larger by that. Without, they have about 260 KiB. */
  readonly ballastBytes?: number;
}

/** A pod that can be checkpointed: its containers do nothing. */
export interface TestPod {
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  /**
   * Has the kubelet checkpoint a container.
   *
   * @returns the name of the archive. It may be gone by now, if a policy says so.
   */
  checkpoint(container?: string): Promise<string>;
  /** Names of its archives, by node, those of a namesake as well. */
  archives(): Readonly<Record<string, readonly string[]>>;
  /** Deletes it without notice, and returns when it is gone. */
  delete(): Promise<void>;
}

/** Starts a pod and waits until it runs. */
export async function makeTestPod(
  cluster: TestCluster,
  namespace: string,
  { name, node = cluster.nodes[0]?.name ?? '', containers, ballastBytes }: PodOptions,
): Promise<TestPod> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const created = await cluster.admin.send('POST', path, {
    metadata: { name },
    spec: { nodeName: node, ...podSpec(containers, ballastBytes) },
  });
  if (created.status !== 201)
    throw new Error(`POST ${path}: ${created.status} ${JSON.stringify(created.body)}`);
  await untilRunning(cluster, namespace, name);
  return describePod(cluster, namespace, name, node);
}

/** The spec of pods that can be checkpointed, for templates of StatefulSets and the like. */
export function podSpec(containers: readonly string[] = ['app'], ballastBytes = 0) {
  return {
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    containers: containers.map((name) => ({
      name,
      image: BUSYBOX_IMAGE,
      imagePullPolicy: 'Never',
      ...(ballastBytes === 0 ? { command: shell(SLEEP) } : withBallast(ballastBytes)),
    })),
  };
}

/** Not one sleep alone: a checkpoint wakes it up, and it ends. */
const SLEEP = 'while :; do sleep 1000000; done';

function shell(script: string): string[] {
  return ['sh', '-c', script];
}

/** A shell with a large variable, ready when it has it. */
function withBallast(bytes: number) {
  return {
    command: shell(`ballast=$(head -c ${bytes} /dev/zero | tr '\\0' x); touch /tmp/ready; ${SLEEP}`),
    readinessProbe: { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 1, timeoutSeconds: 10 },
  };
}

/** A pod that something else makes, such as a StatefulSet, once it runs. */
export async function findTestPod(cluster: TestCluster, namespace: string, name: string): Promise<TestPod> {
  const node = await untilRunning(cluster, namespace, name);
  return describePod(cluster, namespace, name, node);
}

interface Pod {
  readonly metadata: { readonly uid: string };
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

async function untilRunning(cluster: TestCluster, namespace: string, name: string): Promise<string> {
  return waitFor(`pod ${namespace}/${name} is ready`, async () => {
    const pod = (await cluster.get(`/api/v1/namespaces/${namespace}/pods/${name}`)) as Pod | undefined;
    const ready = pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    return ready && pod?.spec.nodeName;
  });
}

function describePod(cluster: TestCluster, namespace: string, name: string, node: string): TestPod {
  return {
    name,
    namespace,
    node,
    checkpoint: (container = 'app') => checkpoint(cluster, node, `${namespace}/${name}/${container}`),
    archives: () => archivesOf(cluster, `checkpoint-${name}_${namespace}-`),
    async delete() {
      const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
      const uid = async () => ((await cluster.get(path)) as Pod | undefined)?.metadata.uid;
      const before = await uid();
      await cluster.admin.send('DELETE', `${path}?gracePeriodSeconds=0`);
      // A StatefulSet makes a namesake at once.
      await waitFor(`pod ${namespace}/${name} is gone`, async () => (await uid()) !== before);
    },
  };
}

/** Names of the archives that begin in some way, by node. */
function archivesOf(cluster: TestCluster, prefix: string): Record<string, string[]> {
  const named = (name: string) => name.startsWith(prefix);
  return Object.fromEntries(cluster.nodes.map((node) => [node.name, node.archives().filter(named)]));
}

/** @throws Error when the kubelet fails */
async function checkpoint(cluster: TestCluster, node: string, container: string): Promise<string> {
  const path = `/api/v1/nodes/${node}/proxy/checkpoint/${container}`;
  const deadline = performance.now() + WITHIN_MS;
  const named = archivesNamedLike(container);
  for (;;) {
    await untilAnotherSecond(named);
    const { status, body } = await cluster.admin.send('POST', path);
    lastSecond.set(named, currentSecond());
    if (status === 200) return basename((body as { items: [string] }).items[0]);
    const text = JSON.stringify(body);
    // runc looks at most a thousand times, hardly waiting, whether a container is frozen (version 1 of cgroups), and CRIU gives
    // it ten seconds to stop. One that gets no processor meanwhile does not: nothing has been written then.
    if (!/unable to freeze|criu failed: type DUMP/.test(text) || performance.now() > deadline) {
      throw new Error(`POST ${path}: ${status} ${text}`);
    }
  }
}

/** What archives of `namespace/pod/container` are named by, but for the time: other containers may have the same. */
function archivesNamedLike(container: string): string {
  const [namespace, pod, name] = container.split('/');
  return `${pod}_${namespace}-${name}`;
}

/** Second in which an archive of a name was taken last. */
const lastSecond = new Map<string, number>();

function currentSecond(): number {
  return Math.floor(Date.now() / 1_000);
}

/** Two checkpoints within a second have the same file name. */
async function untilAnotherSecond(named: string): Promise<void> {
  while (lastSecond.get(named) === currentSecond()) await wait(1_000 - (Date.now() % 1_000));
}
