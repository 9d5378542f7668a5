import type { Owner } from '@checkpoint-warden/policy';
import type { TarMember } from './tar-member.ts';

export type Runtime = 'containerd' | 'cri-o' | 'podman';

/** What to build an archive of. */
export interface CheckpointSpec extends Owner {
  /** containerd unless given. */
  readonly runtime?: Runtime;
  /** Size of the container's memory pages, which are zeros; 128 KiB unless given. */
  readonly pagesBytes?: number;
  /** Added to the annotations of `spec.dump`, as a tenant's are on CRI-O. */
  readonly annotations?: Readonly<Record<string, string>>;
}

const DEFAULT_UID = '1f5d0b62-7c3e-4a4c-9d11-000000000010';
const MOUNTS = [
  '/proc',
  '/dev',
  '/dev/pts',
  '/dev/mqueue',
  '/sys',
  '/sys/fs/cgroup',
  '/etc/hosts',
  '/dev/shm',
];
const CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'KILL',
];

/**
 * The entries of a checkpoint in the order in which its runtime writes them, with metadata of the usual size. Entry names
 * and sizes are those of the archives in `test/fixtures` (CRI-O's order: CRI-O 1.31 `internal/lib/checkpoint.go`).
 */
export function checkpointMembers(spec: CheckpointSpec): TarMember[] {
  const images = criuImages(spec.pagesBytes ?? 128 * 1024);
  const config = file('config.dump', JSON.stringify(configDump(spec)));
  const oci = file('spec.dump', JSON.stringify(specDump(spec)));
  const statistics = filler('stats-dump', 46);
  const log = filler('dump.log', 68_000);
  const rootfs = filler('rootfs-diff.tar', 201);
  switch (spec.runtime ?? 'containerd') {
    case 'containerd':
      return [
        ...images,
        config,
        file('container.log', ''),
        log,
        rootfs,
        oci,
        statistics,
        filler('status', 184),
        filler('status.dump', 640),
      ];
    case 'cri-o':
      return [statistics, log, ...images, config, oci, rootfs, filler('bind.mounts', 320)];
    case 'podman':
      return [
        { name: 'artifacts/', type: '5' },
        filler('devshm-checkpoint.tar', 1536),
        config,
        oci,
        file('network.status', 'null'),
        statistics,
        file('ctr.log', ''),
        ...images,
        rootfs,
      ];
  }
}

function criuImages(pagesBytes: number): TarMember[] {
  const small = {
    cgroup: 4333,
    'core-15': 2450,
    'core-6': 2256,
    'fdinfo-2': 44,
    'fdinfo-3': 44,
    files: 352,
    'fs-15': 18,
    'fs-6': 18,
    'ids-15': 36,
    'ids-6': 36,
    inventory: 86,
    'ipcns-var-10': 82,
    'mm-15': 539,
    'mm-6': 539,
    'mountpoints-11': 2730,
    'pagemap-15': 126,
    'pagemap-6': 126,
    'pidns-9': 26,
    pstree: 36,
    seccomp: 12,
    'timens-0': 32,
    'tmpfs-dev-65.tar.gz': 368,
    'tmpfs-dev-67.tar.gz': 226,
  };
  const images = Object.entries(small).map(([name, bytes]) => filler(`checkpoint/${name}.img`, bytes));
  const pages = [
    { name: 'checkpoint/pages-1.img', zeroBytes: pagesBytes },
    filler('checkpoint/pages-2.img', 4096),
  ];
  const at = images.findIndex(({ name }) => name.startsWith('checkpoint/pidns'));
  return [{ name: 'checkpoint/', type: '5' }, ...images.slice(0, at), ...pages, ...images.slice(at)];
}

function configDump({
  runtime = 'containerd',
  namespace,
  pod,
  container,
  podUid = DEFAULT_UID,
}: CheckpointSpec) {
  const name = `${container}_${pod}_${namespace}_${podUid}_0`;
  return {
    id: '4de2a46555a88d381a58714b0534873069ce8cfffbe3a2928e04f2e6c01f60eb',
    name: { containerd: name, 'cri-o': `k8s_${name}`, podman: container }[runtime],
    rootfsImage: 'registry.example/app:1',
    rootfsImageRef: 'sha256:b82a00a55d9d98d0cc85b77ba0da3e7e6a1a37cfb61f0c6afd5690a9f7305190',
    rootfsImageName: 'registry.example/app:1',
    runtime: runtime === 'containerd' ? 'io.containerd.runc.v2' : 'runc',
    createdTime: '2026-11-23T13:11:12.621447121Z',
    checkpointedTime: '2026-11-23T13:11:16.018645427Z',
    restoredTime: '0001-01-01T00:00:00Z',
    restored: false,
  };
}

function specDump(spec: CheckpointSpec) {
  return {
    ociVersion: '1.2.1',
    process: {
      user: { uid: 0, gid: 0 },
      args: ['/bin/sh', '-c', 'while true; do sleep 1; done'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      cwd: '/',
      capabilities: {
        bounding: CAPABILITIES.map((name) => `CAP_${name}`),
        effective: CAPABILITIES.map((name) => `CAP_${name}`),
        permitted: CAPABILITIES.map((name) => `CAP_${name}`),
      },
    },
    root: { path: 'rootfs' },
    mounts: MOUNTS.map((destination) => ({
      destination,
      type: 'bind',
      source: `/var/lib/kubelet/pods/source${destination}`,
      options: ['rbind', 'rprivate', 'rw'],
    })),
    // The runtime's own keys win over a tenant's.
    annotations: { ...spec.annotations, ...runtimeAnnotations(spec) },
    linux: { namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })) },
  };
}

function runtimeAnnotations({
  runtime = 'containerd',
  namespace,
  pod,
  container,
  podUid = DEFAULT_UID,
}: CheckpointSpec) {
  switch (runtime) {
    case 'containerd':
      return {
        'io.kubernetes.cri.container-name': container,
        'io.kubernetes.cri.container-type': 'container',
        'io.kubernetes.cri.image-name': 'registry.example/app:1',
        'io.kubernetes.cri.sandbox-id': '4dd5a6767377cc19244ce7557a681c6e6c8328c4c30f4cdda7b5a549a0c2f8f4',
        'io.kubernetes.cri.sandbox-name': pod,
        'io.kubernetes.cri.sandbox-namespace': namespace,
        'io.kubernetes.cri.sandbox-uid': podUid,
      };
    case 'cri-o':
      return {
        'io.container.manager': 'cri-o',
        'io.kubernetes.cri-o.ContainerType': 'container',
        'io.kubernetes.cri-o.Labels': JSON.stringify({
          'io.kubernetes.container.name': container,
          'io.kubernetes.pod.name': pod,
          'io.kubernetes.pod.namespace': namespace,
          'io.kubernetes.pod.uid': podUid,
        }),
      };
    case 'podman':
      return { 'io.container.manager': 'libpod', 'org.opencontainers.image.stopSignal': '15' };
  }
}

function file(name: string, content: string): TarMember {
  return { name, content };
}

/** Content that nobody reads. */
function filler(name: string, bytes: number): TarMember {
  return { name, content: Buffer.alloc(bytes, 'x') };
}
