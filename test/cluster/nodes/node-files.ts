/** What differs from node to node. */
export interface NodePlan {
  readonly name: string;
  readonly ip: string;
  /** Addresses of its pods. */
  readonly podCidr: string;
}

/** Where the node finds the credentials of the cluster's programs. */
export const NODE_CREDENTIALS = {
  authority: '/etc/kubernetes/ca.crt',
  kubelet: '/etc/kubernetes/kubelet.kubeconfig',
  proxy: '/etc/kubernetes/kube-proxy.kubeconfig',
};

/** Where archives of checkpoints are on a node. */
export const CHECKPOINT_DIR = '/var/lib/kubelet/checkpoints';

/** The configuration files of a node, by path. */
export function nodeFiles({ ip, podCidr }: NodePlan, sandboxImage: string): Readonly<Record<string, string>> {
  return {
    '/etc/containerd/config.toml': `version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '${sandboxImage}'
[plugins.'io.containerd.cri.v1.runtime']
  # Not even root may lower the OOM score in some of the places that this runs in.
  restrict_oom_score_adj = true
`,
    '/etc/cni/net.d/10-bridge.conflist': JSON.stringify({
      cniVersion: '1.0.0',
      name: 'bridge',
      plugins: [
        {
          type: 'bridge',
          bridge: 'cni0',
          isGateway: true,
          ipMasq: false,
          ipam: {
            type: 'host-local',
            ranges: [[{ subnet: podCidr }]],
            routes: [{ dst: '0.0.0.0/0' }],
          },
        },
      ],
    }),
    '/etc/kubernetes/kubelet.yaml': JSON.stringify({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: NODE_CREDENTIALS.authority },
      },
      authorization: { mode: 'Webhook' },
      containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
      address: ip,
      clusterDNS: ['10.96.0.10'], // nobody answers there: nothing here is found by name
      resolvConf: '',
      // A node is no machine of its own: it has no cgroups to give out, no swap to switch off, and shares the disk.
      cgroupDriver: 'cgroupfs',
      cgroupsPerQOS: false,
      enforceNodeAllocatable: [],
      failCgroupV1: false,
      failSwapOn: false,
      localStorageCapacityIsolation: false,
      imageGCHighThresholdPercent: 100,
      featureGates: { KubeletInUserNamespace: true },
      evictionHard: { 'nodefs.available': '0%' },
      // Pods that end at once and nodes that notice fast: tests wait for both.
      nodeStatusUpdateFrequency: '2s',
    }),
  };
}

/** The daemons of a node, by name, as commands in it. containerd is the first one to be started. */
export function nodeDaemons({ name, ip }: NodePlan) {
  return {
    containerd: ['containerd'],
    kubelet: [
      '/opt/kubernetes/kubelet',
      '--config=/etc/kubernetes/kubelet.yaml',
      `--kubeconfig=${NODE_CREDENTIALS.kubelet}`,
      `--node-ip=${ip}`,
      `--hostname-override=${name}`,
      '--v=2',
    ],
    'kube-proxy': [
      '/opt/kubernetes/kube-proxy',
      `--kubeconfig=${NODE_CREDENTIALS.proxy}`,
      '--proxy-mode=nftables',
      `--hostname-override=${name}`,
      '--cluster-cidr=10.244.0.0/16',
      // These are settings of the machine, not of a node.
      '--conntrack-max-per-core=0',
      '--conntrack-tcp-timeout-established=0',
      '--conntrack-tcp-timeout-close-wait=0',
    ],
  };
}
