import { DeletionsPageSchema } from '@checkpoint-warden/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  makeSandbox,
  policyOf,
  type RunningAgent,
  type Sandbox,
  startAgent,
  until,
} from '../testing/agent-rig.ts';
import { type ApiRig, errorOf, makeApi, schemaProblems } from '../testing/api-rig.ts';

const WEB = { runtime: 'containerd', namespace: 'shop', pod: 'web-0', container: 'app' } as const;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

let sandbox: Sandbox;
let running: RunningAgent;
let api: ApiRig;

beforeEach(async () => {
  sandbox = makeSandbox();
  for (const second of [1, 2, 3]) sandbox.write(WEB, at(second));
  running = await startAgent(sandbox, {
    policy: policyOf('{applyPoliciesImmediately: true, globalPolicy: {maxCheckpointsPerContainer: 1}}'),
  });
  await until('the surplus is gone', () => running.deletions().length === 4);
  api = await makeApi(running, sandbox);
});
afterEach(async () => {
  await running.stop();
  sandbox.remove();
});

describe('GET /v1/deletions', () => {
  it('tells every deletion, before and after', async () => {
    const answer = await api.get('/v1/deletions');
    expect(schemaProblems(DeletionsPageSchema, answer)).toEqual([]);
    expect(answer.body).toEqual({ entries: running.deletions() });
  });

  it('goes on behind a sequence number', async () => {
    const first = await api.get('/v1/deletions?limit=3');
    expect(first.body.next).toBe(3);
    const second = await api.get('/v1/deletions?limit=3&after=3');
    expect([...first.body.entries, ...second.body.entries]).toEqual(running.deletions());
    expect(second.body).not.toHaveProperty('next');
    expect((await api.get('/v1/deletions?after=4')).body).toEqual({ entries: [] });
  });

  it.each(['after=-1', 'after=1.5', 'after=01', 'after=x', 'limit=0', 'from=3'])(
    'refuses the query %s',
    async (query) => {
      expect(errorOf(await api.get(`/v1/deletions?${query}`))).toBe('400 CW_ERR_REQUEST_INVALID');
    },
  );
});
