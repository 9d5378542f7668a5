import { PlanResponseSchema } from '@checkpoint-warden/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeSandbox, policyOf, type RunningAgent, type Sandbox, startAgent } from '../testing/agent-rig.ts';
import { type Answer, type ApiRig, errorOf, makeApi, schemaProblems } from '../testing/api-rig.ts';

const WEB = { runtime: 'containerd', namespace: 'shop', pod: 'web-0', container: 'app' } as const;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const KEEP_ONE = policyOf('globalPolicy: {maxCheckpointsPerContainer: 1}');

let sandbox: Sandbox;
let running: RunningAgent;
let api: ApiRig;
let names: string[];

beforeEach(async () => {
  sandbox = makeSandbox();
  names = [1, 2, 3].map((second) => sandbox.write(WEB, at(second)));
  running = await startAgent(sandbox, { policy: KEEP_ONE });
  api = await makeApi(running, sandbox);
});
afterEach(async () => {
  await running.stop();
  sandbox.remove();
});

const verdicts = ({ body }: Answer): string[] =>
  body.verdicts.map(
    ({ archive, action, reason }: Record<string, string>) =>
      `${names.indexOf(archive ?? '')} ${action} ${reason}`,
  );

describe('GET /v1/plan', () => {
  it('is the plan of a pass: without an arrival nothing goes', async () => {
    const answer = await api.get('/v1/plan');
    expect(schemaProblems(PlanResponseSchema, answer)).toEqual([]);
    expect(verdicts(answer)).toEqual([
      '0 keep within-limits',
      '1 keep within-limits',
      '2 keep within-limits',
    ]);
    expect(answer.body.verdicts[0].held).toEqual({ by: 'no-arrival', reason: 'over-count' });
    expect(answer.body.policyHash).toBe(running.agent.status().policy.hash);
  });
});

describe('POST /v1/plan', () => {
  it('tries a policy with every group due, and deletes nothing', async () => {
    const answer = await api.post('/v1/plan', { policy: KEEP_ONE });
    expect(schemaProblems(PlanResponseSchema, answer)).toEqual([]);
    expect(verdicts(answer)).toEqual(['0 delete over-count', '1 delete over-count', '2 keep within-limits']);
    expect(answer.body.verdicts[0]).toMatchObject({
      rule: 'default/globalPolicy',
      group: 'shop/web-0/app',
      mode: 'Enforce',
    });
    expect(answer.body.summary).toMatchObject({
      total: { keep: { count: 1 }, delete: { count: 2 }, audit: { count: 0 } },
      namespaces: [{ namespace: 'shop', keep: { count: 1 }, delete: { count: 2 } }],
    });
    expect(sandbox.list()).toEqual(names);
  });

  it('comes in pages, with the sums of the whole on each', async () => {
    const first = await api.post('/v1/plan?limit=1&action=delete', { policy: KEEP_ONE });
    expect(verdicts(first)).toEqual(['0 delete over-count']);
    const after = encodeURIComponent(first.body.next);
    const second = await api.post(`/v1/plan?limit=1&action=delete&after=${after}`, { policy: KEEP_ONE });
    expect(verdicts(second)).toEqual(['1 delete over-count']);
    expect(second.body.summary).toEqual(first.body.summary);
    expect(second.body).not.toHaveProperty('next');
  });

  it('refuses an invalid policy with every problem', async () => {
    const answer = await api.post('/v1/plan', { policy: { rules: [{ id: '' }], nodes: {} } });
    expect(errorOf(answer)).toBe('422 CW_ERR_POLICY_INVALID');
    expect(answer.body.problems.length).toBeGreaterThan(3);
  });

  it.each<[string, unknown, string]>([
    ['an unknown field', { policy: { rules: [] }, due: 'all' }, '400 CW_ERR_REQUEST_INVALID'],
    ['a body that is no object', [], '400 CW_ERR_REQUEST_INVALID'],
    ['a policy as text', { policy: 'rules: []' }, '422 CW_ERR_POLICY_INVALID'],
    ['no policy', {}, '422 CW_ERR_POLICY_INVALID'],
  ])('refuses %s', async (_, body, error) => {
    expect(errorOf(await api.post('/v1/plan', body))).toBe(error);
  });
});
