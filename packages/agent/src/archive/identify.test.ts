import { describe, expect, it } from 'vitest';
import type { ArchiveName } from './archive-name.ts';
import { identify } from './identify.ts';

const NAME: ArchiveName = { pod: 'web-0', joined: 'team-a-b', createdAtMs: 0 };
const UID = '1f5d0b62-7c3e-4a4c-9d11-000000000010';
const OTHER_UID = '1f5d0b62-7c3e-4a4c-9d11-000000000099';

const containerdKeys = (namespace: string, container: string, uid = UID) => ({
  'io.kubernetes.cri.sandbox-namespace': namespace,
  'io.kubernetes.cri.sandbox-name': 'web-0',
  'io.kubernetes.cri.sandbox-uid': uid,
  'io.kubernetes.cri.container-name': container,
});

const crioKeys = (namespace: string, container: string, uid = UID) => ({
  'io.kubernetes.cri-o.Labels': JSON.stringify({
    'io.kubernetes.pod.namespace': namespace,
    'io.kubernetes.pod.name': 'web-0',
    'io.kubernetes.pod.uid': uid,
    'io.kubernetes.container.name': container,
  }),
});

const CRIO = { 'io.container.manager': 'cri-o' };
const OWNER = { namespace: 'team', pod: 'web-0', container: 'a-b', podUid: UID };

function ownerOf(configName: unknown, annotations: object, config: object = {}) {
  return identify(NAME, { config: { name: configName, ...config }, spec: { annotations } }).owner;
}

describe('identify', () => {
  it.each([
    ['containerd', `a-b_web-0_team_${UID}_0`, containerdKeys('team', 'a-b')],
    ['CRI-O', `k8s_a-b_web-0_team_${UID}_0`, { ...CRIO, ...crioKeys('team', 'a-b') }],
  ])('takes the split and the UID from %s', (_, configName, annotations) => {
    expect(ownerOf(configName, annotations)).toEqual(OWNER);
  });

  it('is content with config.dump alone', () => {
    expect(ownerOf(`a-b_web-0_team_${UID}_0`, {})).toEqual(OWNER);
    expect(identify(NAME, { config: { name: `a-b_web-0_team_${UID}_3` }, spec: {} }).owner).toEqual(OWNER);
  });

  it('is content with spec.dump alone', () => {
    expect(ownerOf(undefined, containerdKeys('team', 'a-b'))).toEqual(OWNER);
    expect(ownerOf(undefined, { ...CRIO, ...crioKeys('team', 'a-b') })).toEqual(OWNER);
  });

  it('ignores a config.dump that disagrees with the file name, as hand-made archives have it', () => {
    const wrong = 'k8s_container-name_deployment-name_default_6975ee47-6765-45dc-9a2b-1e38d51031f7_0';
    expect(ownerOf(wrong, { ...CRIO, ...crioKeys('team', 'a-b') })).toEqual(OWNER);
  });

  it('ignores a spec.dump that disagrees with the file name', () => {
    expect(ownerOf(`a-b_web-0_team_${UID}_0`, containerdKeys('elsewhere', 'app'))).toEqual(OWNER);
  });

  it('leaves an archive unattributed when nothing inside agrees with its name', () => {
    expect(ownerOf(`app_web-0_default_${UID}_0`, containerdKeys('default', 'app'))).toBeUndefined();
    expect(ownerOf(`a-b_web-1_team_${UID}_0`, {})).toBeUndefined();
    expect(ownerOf(undefined, {})).toBeUndefined();
  });

  it('leaves an archive unattributed when two sources agree with its name and split it differently', () => {
    const identity = identify(NAME, {
      config: { name: `a-b_web-0_team_${UID}_0` },
      spec: { annotations: containerdKeys('team-a', 'b') },
    });
    expect(identity).toEqual({
      owner: undefined,
      why: 'config.dump says team/a-b, spec.dump says team-a/b',
    });
  });

  it('gives no UID where the sources differ on it', () => {
    const { podUid: _, ...owner } = OWNER;
    expect(ownerOf(`a-b_web-0_team_${UID}_0`, containerdKeys('team', 'a-b', OTHER_UID))).toEqual(owner);
  });

  it('takes no UID from a source that disagrees with the file name', () => {
    const { podUid: _, ...owner } = OWNER;
    expect(ownerOf('a-b_web-0_team__0', containerdKeys('other', 'x', OTHER_UID))).toEqual(owner);
  });

  it.each(['not a uid', '../..', '\u001b[2J', 'x'.repeat(65)])('takes no UID of the form %j', (uid) => {
    const { podUid: _, ...owner } = OWNER;
    expect(ownerOf(undefined, containerdKeys('team', 'a-b', uid))).toEqual(owner);
  });

  it('never lets an empty half count as a split', () => {
    const name: ArchiveName = { pod: 'web-0', joined: '-b', createdAtMs: 0 };
    expect(identify(name, { config: { name: 'b_web-0__u_0' }, spec: {} }).owner).toBeUndefined();
  });

  describe('does not let a tenant choose', () => {
    it('with containerd’s keys among the annotations of a pod on CRI-O', () => {
      const annotations = { ...CRIO, ...crioKeys('team', 'a-b'), ...containerdKeys('team-a', 'b') };
      expect(ownerOf(`k8s_a-b_web-0_team_${UID}_0`, annotations)).toEqual(OWNER);
      expect(ownerOf(undefined, annotations)).toEqual(OWNER);
      expect(ownerOf(undefined, { ...CRIO, ...containerdKeys('team-a', 'b') })).toBeUndefined();
    });

    it('with CRI-O’s keys among the annotations that containerd passes through', () => {
      const annotations = { ...CRIO, ...crioKeys('team-a', 'b'), ...containerdKeys('team', 'a-b') };
      const runtime = { runtime: 'io.containerd.runc.v2' };
      expect(ownerOf(`a-b_web-0_team_${UID}_0`, annotations, runtime)).toEqual(OWNER);
      expect(ownerOf('renamed', annotations, runtime)).toEqual(OWNER);
    });

    it('with annotations that other tools write into restored pods', () => {
      const annotations = {
        'org.criu.checkpoint.pod.namespace': 'team',
        'org.criu.checkpoint.pod.name': 'web-0',
        'org.criu.checkpoint.container.name': 'a-b',
      };
      expect(ownerOf(undefined, annotations)).toBeUndefined();
    });

    it('under a manager nobody knows', () => {
      const annotations = { 'io.container.manager': 'mine', ...containerdKeys('team', 'a-b') };
      expect(ownerOf(undefined, annotations)).toBeUndefined();
    });
  });

  it('says that podman records no pod', () => {
    const spec = { annotations: { 'io.container.manager': 'libpod', ...containerdKeys('team', 'a-b') } };
    expect(identify(NAME, { config: { name: 'p1' }, spec })).toEqual({
      owner: undefined,
      why: 'podman records no pod',
    });
  });

  it.each([
    ['a name of four parts', 'a-b_web-0_team_uid'],
    ['an attempt that is no number', `a-b_web-0_team_${UID}_x`],
    ['six parts without k8s in front', `x_a-b_web-0_team_${UID}_0`],
    ['seven parts', `k8s_a-b_web-0_team_${UID}_0_0`],
    ['a name that is no string', { toString: 'a-b_web-0_team_u_0' }],
  ])('understands nothing of %s', (_, configName) => {
    expect(ownerOf(configName, {})).toBeUndefined();
  });

  it('tells a container called k8s from CRI-O’s prefix', () => {
    const name: ArchiveName = { pod: 'web-0', joined: 'team-k8s', createdAtMs: 0 };
    const { owner } = identify(name, { config: { name: `k8s_web-0_team_${UID}_0` }, spec: {} });
    expect(owner).toEqual({ namespace: 'team', pod: 'web-0', container: 'k8s', podUid: UID });
  });

  it('learns nothing from a __proto__ key in the JSON', () => {
    const spec = JSON.parse(
      `{"__proto__": {"annotations": ${JSON.stringify(containerdKeys('team', 'a-b'))}}}`,
    );
    const config = JSON.parse(`{"__proto__": {"name": "a-b_web-0_team_${UID}_0"}}`);
    expect(identify(NAME, { config, spec }).owner).toBeUndefined();
  });

  it('survives labels that are not JSON', () => {
    expect(ownerOf(undefined, { ...CRIO, 'io.kubernetes.cri-o.Labels': '{' })).toBeUndefined();
    expect(ownerOf(undefined, { ...CRIO, 'io.kubernetes.cri-o.Labels': 'null' })).toBeUndefined();
  });
});
