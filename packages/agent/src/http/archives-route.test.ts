import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArchivesPageSchema, ExplanationSchema } from '@checkpoint-warden/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeSandbox, policyOf, type RunningAgent, type Sandbox, startAgent } from '../testing/agent-rig.ts';
import { type ApiRig, errorOf, makeApi, schemaProblems } from '../testing/api-rig.ts';
import { archiveFileName } from '../testing/build-archive.ts';

const WEB = { runtime: 'containerd', namespace: 'shop', pod: 'web-0', container: 'app' } as const;
const DB = { ...WEB, namespace: 'data', pod: 'db-0', container: 'db' } as const;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const CUT_OFF = 'checkpoint-web-1_shop-app-2026-01-01T00:00:09Z.tar';

let sandbox: Sandbox;
let running: RunningAgent;
let api: ApiRig;
let names: string[];

beforeEach(async () => {
  sandbox = makeSandbox();
  names = [sandbox.write(WEB, at(1)), sandbox.write(WEB, at(2)), sandbox.write(DB, at(3))];
  writeFileSync(join(sandbox.checkpointDir, `${names[0]}.keep`), '');
  writeFileSync(join(sandbox.checkpointDir, CUT_OFF), 'cut off');
  running = await startAgent(sandbox, { policy: policyOf('globalPolicy: {maxCheckpointsPerPod: 1}') });
  api = await makeApi(running, sandbox);
});
afterEach(async () => {
  await running.stop();
  sandbox.remove();
});

const listed = async (query: string): Promise<string[]> =>
  (await api.get(`/v1/archives${query}`)).body.archives.map(({ archive }: { archive: string }) => archive);

describe('GET /v1/archives', () => {
  it('lists all by name, with what is known of each', async () => {
    const answer = await api.get('/v1/archives');
    expect(schemaProblems(ArchivesPageSchema, answer)).toEqual([]);
    expect(answer.body.archives).toHaveLength(4);
    expect(answer.body.archives[1]).toMatchObject({
      archive: names[0],
      owner: { namespace: 'shop', pod: 'web-0', container: 'app' },
      bytes: expect.any(Number),
      createdAt: '2026-01-01T00:00:01.000Z',
      state: 'complete',
      pinned: true,
    });
  });

  it.each<[string, () => (string | undefined)[]]>([
    ['?namespace=shop', () => [names[0], names[1]]],
    ['?namespace=sho', () => []],
    ['?pod=db-0', () => [names[2]]],
    ['?container=app&pinned=false', () => [names[1]]],
    ['?pinned=true', () => [names[0]]],
    ['?state=complete&namespace=data', () => [names[2]]],
  ])('lists only what %s asks for', async (query, expected) => {
    expect(await listed(query)).toEqual(expected());
  });

  it('comes in pages that together hold each archive once', async () => {
    const seen: string[] = [];
    let next: string | undefined = '';
    while (next !== undefined) {
      const query: string = next === '' ? '' : `&after=${encodeURIComponent(next)}`;
      const { body } = await api.get(`/v1/archives?limit=1${query}`);
      seen.push(...body.archives.map(({ archive }: { archive: string }) => archive));
      next = body.next;
    }
    expect(seen).toEqual([...names, CUT_OFF].sort());
  });

  it.each([
    'limit=0',
    'limit=5001',
    'limit=-1',
    'limit=five',
    'limit=0x10',
    'limit=1e2',
    'limit=%205',
    'limit=',
    'limit=1&limit=2',
    'after=',
    'pinned=1',
    'state=broken',
    'namespace=Shop',
    'namspace=shop',
    '__proto__=x',
  ])('refuses the query %s', async (query) => {
    expect(errorOf(await api.get(`/v1/archives?${query}`))).toBe('400 CW_ERR_REQUEST_INVALID');
  });
});

describe('GET /v1/archives/{archive}/explanation', () => {
  it('says why an archive is kept', async () => {
    const answer = await api.get(`/v1/archives/${encodeURIComponent(names[1] ?? '')}/explanation`);
    expect(schemaProblems(ExplanationSchema, answer)).toEqual([]);
    expect(answer.body).toMatchObject({
      archive: { archive: names[1] },
      verdict: { action: 'keep', reason: 'within-limits', rule: 'default/globalPolicy' },
      governing: 'default/globalPolicy',
      limits: [{ limit: 'maxCheckpoints', group: 'shop/web-0', calls: false }],
    });
  });

  it('finds one under the longest name a file can have', async () => {
    const pod = 'p'.repeat(255 - archiveFileName({ namespace: 'n', pod: '', container: 'c' }, at(4)).length);
    const name = sandbox.write({ ...WEB, namespace: 'n', pod, container: 'c' }, at(4));
    expect(name).toHaveLength(255);
    await expect.poll(() => running.inventory.get(name) !== undefined, { timeout: 60_000 }).toBe(true);
    expect((await api.get(`/v1/archives/${encodeURIComponent(name)}/explanation`)).status).toBe(200);
  });

  it('answers 404 where there is none', async () => {
    expect(errorOf(await api.get('/v1/archives/none.tar/explanation'))).toBe('404 CW_ERR_ARCHIVE_NOT_FOUND');
  });
});
