import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  API_VERSION,
  type CheckpointRetentionPolicy,
  crdManifest,
  KIND,
  type PolicySpec,
  type PolicyStatus,
} from '@checkpoint-warden/api';
import { INVALID_POLICIES } from '@checkpoint-warden/api/testing/invalid-policies';
import { VALID_POLICIES } from '@checkpoint-warden/api/testing/valid-policies';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from './api-client.ts';
import { CRD_NAME, messageOf, POLICIES_PATH, tryPolicy } from './policies-api.ts';
import { sharedApiServer } from './shared-api-server.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SPEC: PolicySpec = { globalPolicy: { maxCheckpointsPerContainer: 10 } };

let api: ApiClient;
let crdText: string;

beforeAll(async () => {
  api = await sharedApiServer();
  const program = `${ROOT}packages/cli/src/main.ts`;
  crdText = (await promisify(execFile)(process.execPath, [program, 'crd'], { env: {} })).stdout;
});

afterEach(async () => {
  await api.send('DELETE', POLICIES_PATH);
});

describe('what `checkpoint-warden crd` prints', () => {
  it.each([
    { how: 'kubectl apply --server-side', args: ['apply', '--server-side', '-f', '-'] },
    { how: 'kubectl apply', args: ['apply', '-f', '-'] },
  ])('is installed by $how, and nothing is warned of', async ({ args }) => {
    await api.kubectl(['delete', 'crd', CRD_NAME]);
    const applied = await api.kubectl([...args, '--warnings-as-errors'], crdText);
    expect(applied).toMatchObject({ code: 0, stderr: '' });
    const established = await api.kubectl(['wait', '--for=condition=Established', `crd/${CRD_NAME}`]);
    expect(established).toMatchObject({ code: 0 });
  });

  it('has a structural schema and names that are free', async () => {
    const { body } = await api.send(
      'GET',
      `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${CRD_NAME}`,
    );
    const { conditions } = (body as { status: { conditions: { type: string; status: string }[] } }).status;
    // NonStructuralSchema would be a third.
    expect(conditions.map(({ type, status }) => `${type}=${status}`).sort()).toEqual([
      'Established=True',
      'NamesAccepted=True',
    ]);
  });
});

describe('the API server refuses', () => {
  const byCrd = INVALID_POLICIES.filter(({ notByCrd }) => !notByCrd);

  it('at least forty mistakes', () => {
    expect(byCrd.length).toBeGreaterThanOrEqual(40);
  });

  it.each(byCrd)('$mistake, and says what to write', async ({ object, apiServerSays = 'missing here' }) => {
    const response = await tryPolicy(api, object);
    expect([400, 422]).toContain(response.status);
    expect(messageOf(response)).toContain(apiServerSays);
  });

  it('with a message that kubectl apply shows', async () => {
    const text = JSON.stringify(
      policy('sizes', { podPolicies: [{ namespace: 'a', pod: 'b', maxTotalSize: '10' }] }),
    );
    const applied = await api.kubectl(['apply', '-f', '-'], text);
    expect(applied.code).toBe(1);
    expect(applied.stderr).toContain(
      `The ${KIND} "sizes" is invalid: spec.podPolicies[0].maxTotalSize: Invalid value: "10": 10 is less than 1Mi: did you mean 10Mi?`,
    );
  });

  it('an edit that makes a policy invalid, and keeps the policy as it was', async () => {
    await create('kept', SPEC);
    const patch = JSON.stringify({ spec: { globalPolicy: { maxTotalSizePerPod: '10' } } });
    const patched = await api.kubectl(['patch', 'ckrp', 'kept', '--type=merge', '--patch', patch]);
    expect(patched).toMatchObject({ code: 1, stderr: expect.stringContaining('did you mean 10Mi?') });
    expect((await read('kept')).spec).toMatchObject(SPEC);
  });
});

describe('the API server accepts', () => {
  it.each(Object.entries(VALID_POLICIES))('%s', async (_, object) => {
    const response = await tryPolicy(api, object);
    expect(messageOf(response)).toBe('');
    expect(response).toMatchObject({ status: 201, warnings: [] });
  });

  it.each(examplesInDocs())('the example in $file, line $line', async ({ text }) => {
    const applied = await api.kubectl(['apply', '--dry-run=server', '--warnings-as-errors', '-f', '-'], text);
    expect(applied).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('a policy that is stored', () => {
  it('has the defaults filled in', async () => {
    await create('default', SPEC);
    expect((await read('default')).spec).toEqual({
      mode: 'Enforce',
      applyPoliciesImmediately: false,
      orphanGracePeriod: '1m',
      globalPolicy: { retainOrphan: true, scope: 'Cluster', maxCheckpointsPerContainer: 10 },
    });
  });

  it('has a new generation after a change of its spec, and only then', async () => {
    await create('default', SPEC);
    await applyStatus('default', STATUS);
    expect((await read('default')).metadata.generation).toBe(1);
    await merge('default', { metadata: { labels: { team: 'shop' } } });
    expect((await read('default')).metadata.generation).toBe(1);
    await merge('default', { spec: { mode: 'Audit' } });
    expect((await read('default')).metadata.generation).toBe(2);
  });

  it('keeps its status when the spec is written, and its spec when the status is written', async () => {
    await create('default', SPEC);
    await applyStatus('default', STATUS);
    await merge('default', { spec: { mode: 'Audit' }, status: { archives: { count: 0 } } });
    expect(await read('default')).toMatchObject({ spec: { mode: 'Audit' }, status: STATUS });
    const object = { spec: { mode: 'Enforce' }, status: { archives: { count: 5 } } };
    await merge('default', object, '/status');
    expect(await read('default')).toMatchObject({
      spec: { mode: 'Audit' },
      status: { archives: { count: 5 } },
    });
  });

  it('takes a whole status of the controller without a warning', async () => {
    await create('default', SPEC);
    const response = await applyStatus('default', STATUS);
    expect(response).toMatchObject({ status: 200, warnings: [] });
    expect((await read('default')).status).toEqual(STATUS);
  });
});

describe('kubectl', () => {
  it.each(['ckrp', 'checkpointretentionpolicy', 'checkpointretentionpolicies', 'checkpoint-warden'])(
    'get %s shows what a policy does',
    async (name) => {
      await create('default', SPEC);
      await create('dev', { ...SPEC, mode: 'Audit' });
      await applyStatus('default', STATUS);
      const { stdout } = await api.kubectl(['get', name]);
      const rows = stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/).map((cell) => cell.trim()));
      expect(rows).toEqual([
        ['NAME', 'MODE', 'ENFORCED', 'NODES', 'ARCHIVES', 'SIZE', 'RECLAIMED', 'AGE'],
        ['default', 'Enforce', 'True', '3', '120', '1.4 GiB', '310 MiB', expect.stringMatching(/^\d+s$/)],
        ['dev', 'Audit', expect.stringMatching(/^\d+s$/)],
      ]);
    },
  );

  it.each(objectsInPolicy())('explain $path tells about every field', async ({ path, fields }) => {
    // The API server works the text out by itself, some time after the CRD is established.
    await expect
      .poll(async () => (await api.kubectl(['explain', path])).code, { timeout: 30_000, interval: 250 })
      .toBe(0);
    const { stdout } = await api.kubectl(['explain', path]);
    expect(stdout).not.toContain('<no description>');
    for (const [name, description] of fields) {
      const told = stdout.replace(/\s+/g, ' ');
      expect(told).toMatch(new RegExp(`\\b${name} <`));
      expect(told).toContain(description);
    }
  });

  it('explain --recursive names every field', async () => {
    const { stdout } = await api.kubectl(['explain', 'ckrp', '--recursive']);
    for (const [name] of objectsInPolicy().flatMap(({ fields }) => fields)) {
      expect(stdout).toMatch(new RegExp(`^ +${name}\\t<`, 'm'));
    }
  });
});

const STATUS: PolicyStatus = {
  observedGeneration: 1,
  conditions: [
    {
      type: 'Enforced',
      status: 'True',
      observedGeneration: 1,
      lastTransitionTime: '2026-11-24T12:00:00Z',
      reason: 'AllAgentsCurrent',
      message: 'all 3 agents enforce it',
    },
  ],
  nodes: { desired: 3, ready: 3, current: 3 },
  archives: {
    count: 120,
    bytes: 1_503_238_553,
    size: '1.4 GiB',
    pinned: 2,
    incomplete: 1,
    unattributed: 0,
    orphaned: 4,
  },
  deleted: { count: 31, bytes: 325_058_560, size: '310 MiB', lastTime: '2026-11-24T12:00:00Z' },
};

type Stored = CheckpointRetentionPolicy & { readonly metadata: { readonly generation: number } };

function policy(name: string, spec: PolicySpec): CheckpointRetentionPolicy {
  return { apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec };
}

async function create(name: string, spec: PolicySpec): Promise<void> {
  expect(await api.send('POST', POLICIES_PATH, policy(name, spec))).toMatchObject({ status: 201 });
}

async function read(name: string): Promise<Stored> {
  return (await api.send('GET', `${POLICIES_PATH}/${name}`)).body as Stored;
}

async function merge(name: string, patch: unknown, subresource = ''): Promise<void> {
  const path = `${POLICIES_PATH}/${name}${subresource}`;
  expect(await api.send('PATCH', path, patch, 'application/merge-patch+json')).toMatchObject({ status: 200 });
}

/** As the controller writes it: by server-side apply. */
function applyStatus(name: string, status: PolicyStatus) {
  const object = { apiVersion: API_VERSION, kind: KIND, metadata: { name }, status };
  const path = `${POLICIES_PATH}/${name}/status?fieldManager=test&fieldValidation=Strict`;
  return api.send('PATCH', path, object, 'application/apply-patch+yaml');
}

/** The YAML blocks of the docs that are whole policies. */
function examplesInDocs(): { file: string; line: number; text: string }[] {
  return globSync(['README.md', 'docs/**/*.md'], { cwd: ROOT }).flatMap((file) => {
    const page = readFileSync(ROOT + file, 'utf8');
    return [...page.matchAll(/^```ya?ml\n([\s\S]*?)^```/gm)]
      .filter(([, text]) => text?.includes(`kind: ${KIND}`))
      .map(({ index, 1: text = '' }) => ({ file, line: page.slice(0, index).split('\n').length + 1, text }));
  });
}

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** Every object in a policy by its path for `kubectl explain`, with names and descriptions of its fields. */
function objectsInPolicy(): { path: string; fields: [name: string, description: string][] }[] {
  const inside = (path: string, schema: Schema): ReturnType<typeof objectsInPolicy> => {
    const fields = Object.entries(schema.items?.properties ?? schema.properties ?? {});
    if (fields.length === 0) return [];
    return [
      { path, fields: fields.map(([name, { description = '' }]) => [name, description]) },
      ...fields.flatMap(([name, field]) => inside(`${path}.${name}`, field)),
    ];
  };
  const { spec = {}, status = {} } = JSON.parse(JSON.stringify(crdManifest())).spec.versions[0].schema
    .openAPIV3Schema.properties as Record<string, Schema>;
  // The other fields of the root are Kubernetes' own, and so are their texts.
  return inside('ckrp', { properties: { spec, status } });
}
