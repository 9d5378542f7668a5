import type { Owner } from '@checkpoint-warden/policy';
import type { ArchiveName } from './archive-name.ts';
import { type JsonObject, objectAt, parseJsonObject, stringAt } from './json-object.ts';

/** Whose archive it is, or why that cannot be told. */
export interface Identity {
  readonly owner: Owner | undefined;
  /** For people. */
  readonly why: string;
}

type Runtime = 'containerd' | 'cri-o' | 'podman';

/** What one source inside the archive says. Untrusted until it agrees with the file name. */
type Claim = Owner;

/**
 * Tells the owner of an archive. Pure.
 *
 * The file name is the authority on the pod and on `<namespace>-<container>` as one string; the metadata may only choose
 * where that splits and add the UID. So whatever the metadata says, an archive can never pass for one of another pod. A
 * source that disagrees with the name is ignored, one that agrees is enough, and two that agree with it but split it
 * differently leave the archive unattributed.
 */
export function identify(
  name: ArchiveName,
  { config, spec }: { readonly config: JsonObject; readonly spec: JsonObject },
): Identity {
  const named = parseContainerName(stringAt(config, 'name') ?? '');
  const fromConfig = agreeing(name, named?.claim);
  // The name in config.dump is made by the runtime: where it agrees, its form tells the runtime better than anything else.
  const runtime = fromConfig === undefined ? runtimeOf(config, spec) : named?.runtime;
  const fromSpec = agreeing(name, runtime && claimOfSpec(spec, runtime));

  if (fromConfig === undefined && fromSpec === undefined) {
    const why = runtime === 'podman' ? 'podman records no pod' : 'nothing inside agrees with the file name';
    return { owner: undefined, why };
  }
  if (fromConfig === undefined) return { owner: fromSpec, why: 'spec.dump agrees with the file name' };
  if (fromSpec === undefined) return { owner: fromConfig, why: 'config.dump agrees with the file name' };
  if (fromConfig.namespace !== fromSpec.namespace) {
    const splits = [fromConfig, fromSpec].map((claim) => `${claim.namespace}/${claim.container}`);
    return { owner: undefined, why: `config.dump says ${splits[0]}, spec.dump says ${splits[1]}` };
  }
  return { owner: merged(fromConfig, fromSpec), why: 'config.dump and spec.dump agree with the file name' };
}

function agreeing(name: ArchiveName, claim: Claim | undefined): Claim | undefined {
  if (claim === undefined || claim.namespace === '' || claim.container === '') return undefined;
  return claim.pod === name.pod && `${claim.namespace}-${claim.container}` === name.joined
    ? claim
    : undefined;
}

/** Two claims that name the same owner; a UID on which they differ is nobody's. */
function merged(a: Claim, b: Claim): Claim {
  const { podUid, ...owner } = a;
  if (podUid !== undefined && b.podUid !== undefined && podUid !== b.podUid) return owner;
  return withUid(owner, podUid ?? b.podUid);
}

/**
 * `<container>_<pod>_<namespace>_<uid>_<attempt>`, on CRI-O after `k8s_`. Unambiguous: no part can hold `_`.
 *
 * @see containerd v2.1 `internal/cri/server/helpers.go`, `makeContainerName`; CRI-O `server/container_create.go`
 */
function parseContainerName(text: string): { readonly runtime: Runtime; readonly claim: Claim } | undefined {
  const all = text.split('_');
  const isCrio = all.length === 6 && all[0] === 'k8s';
  const [container, pod, namespace, uid, attempt, ...rest] = isCrio ? all.slice(1) : all;
  if (container === undefined || pod === undefined || namespace === undefined) return undefined;
  if (rest.length > 0 || !/^\d+$/.test(attempt ?? '')) return undefined;
  return {
    runtime: isCrio ? 'cri-o' : 'containerd',
    claim: withUid({ namespace, pod, container }, uid),
  };
}

/**
 * The runtime that made the archive, from what only runtimes write. CRI-O copies a pod's own annotations into spec.dump,
 * so a tenant can put any key there that CRI-O does not write itself: the presence of a key proves nothing, except that
 * `io.container.manager` on CRI-O and podman is always the runtime's own.
 *
 * @see checkpointctl `internal/container.go`, which tells runtimes by `io.container.manager` as well
 */
function runtimeOf(config: JsonObject, spec: JsonObject): Runtime | undefined {
  if (stringAt(config, 'runtime')?.startsWith('io.containerd.')) return 'containerd';
  const annotations = objectAt(spec, 'annotations');
  if (annotations === undefined) return undefined;
  const manager = stringAt(annotations, 'io.container.manager');
  if (manager === 'cri-o') return 'cri-o';
  if (manager === 'libpod') return 'podman';
  return manager === undefined ? 'containerd' : undefined;
}

/** Reads the keys of the one runtime only: those of another may be a tenant's. */
function claimOfSpec(spec: JsonObject, runtime: Runtime): Claim | undefined {
  const annotations = objectAt(spec, 'annotations');
  if (annotations === undefined) return undefined;
  switch (runtime) {
    case 'containerd':
      return claimOfKeys(annotations, {
        namespace: 'io.kubernetes.cri.sandbox-namespace',
        pod: 'io.kubernetes.cri.sandbox-name',
        container: 'io.kubernetes.cri.container-name',
        uid: 'io.kubernetes.cri.sandbox-uid',
      });
    case 'cri-o': {
      const labels = parseJsonObject(stringAt(annotations, 'io.kubernetes.cri-o.Labels') ?? '');
      return (
        labels &&
        claimOfKeys(labels, {
          namespace: 'io.kubernetes.pod.namespace',
          pod: 'io.kubernetes.pod.name',
          container: 'io.kubernetes.container.name',
          uid: 'io.kubernetes.pod.uid',
        })
      );
    }
    case 'podman':
      return undefined;
  }
}

function claimOfKeys(
  from: JsonObject,
  keys: {
    readonly namespace: string;
    readonly pod: string;
    readonly container: string;
    readonly uid: string;
  },
): Claim | undefined {
  const namespace = stringAt(from, keys.namespace);
  const pod = stringAt(from, keys.pod);
  const container = stringAt(from, keys.container);
  if (namespace === undefined || pod === undefined || container === undefined) return undefined;
  return withUid({ namespace, pod, container }, stringAt(from, keys.uid));
}

/** Keeps a UID only where it looks like one (a UUID, or the hash of a static pod): it is shown to people. */
function withUid(owner: Owner, uid: string | undefined): Claim {
  return uid !== undefined && /^[A-Za-z0-9-]{1,64}$/.test(uid) ? { ...owner, podUid: uid } : owner;
}
