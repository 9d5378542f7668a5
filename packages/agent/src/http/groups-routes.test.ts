import {
  CONFIRMS_HEADER,
  ExplanationSchema,
  formatConfirmation,
  fromWireTime,
  GroupsPageSchema,
  NewestAnswerSchema,
  PlanResponseSchema,
  RemoteArchivesInForceSchema,
  StateSchema,
} from '@checkpoint-warden/api';
import { ruleHashAlone } from '@checkpoint-warden/api/testing/rule-hash-alone';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  makeSandbox,
  policyOf,
  type RunningAgent,
  type Sandbox,
  startAgent,
  until,
} from '../testing/agent-rig.ts';
import { type ApiRig, errorOf, makeApi, message, ownersMessage, schemaProblems } from '../testing/api-rig.ts';

const WEB = { runtime: 'containerd', namespace: 'shop', pod: 'web-0', container: 'app' } as const;
const DB = { ...WEB, pod: 'db-0', container: 'pg' } as const;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const POLICY = policyOf('globalPolicy: {maxCheckpointsPerContainer: 2, maxCheckpointsPerNamespace: 9}');
const [RULE] = POLICY.rules.map((rule) => ruleHashAlone(rule));

let sandbox: Sandbox;
let running: RunningAgent;
let api: ApiRig;
let names: string[];

beforeEach(async () => {
  sandbox = makeSandbox();
  names = [1, 2, 3].map((second) => sandbox.write(WEB, at(second)));
  sandbox.write(DB, at(4));
  running = await startAgent(sandbox, { policy: POLICY });
  api = await makeApi(running, sandbox);
});
afterEach(async () => {
  await running.stop();
  sandbox.remove();
});

describe('GET /v1/groups', () => {
  it('tells the figures of each group, and their version as the state has it', async () => {
    const answer = await api.get('/v1/groups');
    expect(schemaProblems(GroupsPageSchema, answer)).toEqual([]);
    expect(answer.body.groups).toEqual(
      [
        ['shop', 4],
        ['shop/db-0/pg', 1],
        ['shop/web-0/app', 3],
      ].map(([group, count]) => ({
        group,
        rule: RULE,
        count,
        bytes: expect.any(Number),
        version: expect.stringMatching(/^.{22}$/),
      })),
    );
    const state = await api.get('/v1/state');
    expect(schemaProblems(StateSchema, state)).toEqual([]);
    expect(state.body.groups).toBe(answer.body.version);
  });

  it('comes in pages', async () => {
    const first = await api.get('/v1/groups?limit=2');
    const second = await api.get(`/v1/groups?limit=2&after=${encodeURIComponent(first.body.next)}`);
    expect([...first.body.groups, ...second.body.groups]).toEqual((await api.get('/v1/groups')).body.groups);
    expect(second.body).not.toHaveProperty('next');
  });

  it('names none, and the state has no version, where no limit reaches over nodes', async () => {
    running.enforce(policyOf('globalPolicy: {maxCheckpointsPerContainer: 2, scope: Node}'));
    expect((await api.get('/v1/groups')).body.groups).toEqual([]);
    expect((await api.get('/v1/state')).body).not.toHaveProperty('groups');
  });

  it('lets a poll be answered 304 while neither a group nor anything else has changed', async () => {
    // Not always at once: the watch, once it is armed, has everything scanned again, which changes the state once more.
    await until('a poll is answered 304', async () => {
      const { etag = '' } = await api.get('/v1/state');
      return (await api.get('/v1/state', { 'if-none-match': etag })).status === 304;
    });
  });
});

describe('POST /v1/groups', () => {
  it('gives the newest archives of the groups asked for that there are', async () => {
    const groups = [
      { group: 'shop/web-0/app', rule: RULE },
      { group: 'shop/web-0/app', rule: '0123456789abcdef' },
      { group: 'shop/web-1', rule: RULE },
    ];
    const answer = await api.post('/v1/groups', { groups });
    expect(schemaProblems(NewestAnswerSchema, answer)).toEqual([]);
    const page = (await api.get('/v1/groups')).body;
    const figures = page.groups.at(-1);
    expect(answer.body.inventory).toEqual(page.inventory);
    const { pod, container } = WEB;
    expect(answer.body.groups).toEqual([
      {
        group: 'shop/web-0/app',
        rule: RULE,
        version: figures.version,
        due: [],
        archives: [names[2], names[1]].map((name, index) => ({
          name,
          pod,
          container,
          bytes: expect.any(Number),
          countsAsMs: at(3 - index).getTime(),
          mtimeMs: expect.any(Number),
        })),
      },
    ]);
  });

  it.each<[string, object]>([
    ['no group', { groups: [] }],
    ['a group without a rule', { groups: [{ group: 'shop' }] }],
    ['a key of another form', { groups: [{ group: 'shop//app', rule: RULE }] }],
    ['an unknown field', { groups: [{ group: 'shop', rule: RULE, limit: 1 }] }],
    ['too many groups', { groups: Array.from({ length: 201 }, () => ({ group: 'shop', rule: RULE })) }],
  ])('refuses %s', async (_, body) => {
    expect(errorOf(await api.post('/v1/groups', body))).toBe('400 CW_ERR_REQUEST_INVALID');
  });
});

describe('PUT /v1/remote-archives', () => {
  const archive = {
    name: 'x',
    pod: 'web-0',
    container: 'app',
    bytes: 1,
    countsAsMs: at(9).getTime(),
    mtimeMs: 1,
  };
  const group = {
    group: 'shop/web-0/app',
    rule: RULE,
    due: ['shop/web-0/app'],
    nodes: [{ node: 'node-2', archives: [archive] }],
  };
  const push = (
    revision: number,
    facts: Parameters<typeof ownersMessage>[1] = {},
    groups: object[] = [group],
  ) => ({
    ...ownersMessage(revision, facts),
    olderMs: 0,
    groups,
  });

  it('makes what is over a limit with the archives of other nodes go', async () => {
    const answer = await api.put('/v1/remote-archives', push(2));
    expect(answer.status).toBe(200);
    expect(schemaProblems(RemoteArchivesInForceSchema, answer)).toEqual([]);
    await until('they are gone', () => sandbox.list().length === 2);
    const state = await api.get('/v1/state');
    expect(schemaProblems(StateSchema, state)).toEqual([]);
    expect(state.body.remoteArchives).toEqual(answer.body);
    expect(answer.body).toEqual({ epoch: message(1).epoch, revision: 2 });
  });

  it('shows in explanations and plans on which nodes they lie', async () => {
    await api.put('/v1/remote-archives', push(2, {}, [{ ...group, due: [] }]));
    const explained = await api.get(`/v1/archives/${names[1]}/explanation`);
    expect(schemaProblems(ExplanationSchema, explained)).toEqual([]);
    expect(explained.body.otherNodes).toEqual(['node-2']);
    expect(explained.body.limits[0].text).toBe(
      'container shop/web-0/app may have 2; 2 are newer than this one (1 on node-2)',
    );
    for (const plan of [await api.get('/v1/plan'), await api.post('/v1/plan', { policy: POLICY })]) {
      expect(schemaProblems(PlanResponseSchema, plan)).toEqual([]);
      expect(plan.body.otherNodes).toEqual(['node-2']);
    }
    const { verdicts } = (await api.post('/v1/plan?action=delete', { policy: POLICY })).body;
    expect(verdicts.map((verdict: { archive: string }) => verdict.archive)).toEqual([names[0], names[1]]);
  });

  it('changes nothing when it is repeated, as it may be old', async () => {
    const body = push(2);
    await api.put('/v1/remote-archives', body);
    const { revision } = running.remoteArchives;
    expect((await api.put('/v1/remote-archives', body)).status).toBe(200);
    const restarted = await makeApi(running, sandbox);
    expect((await restarted.put('/v1/remote-archives', body)).status).toBe(200);
    expect(running.remoteArchives.revision).toBe(revision);
  });

  it('takes changes of what it holds, once', async () => {
    const namesOf = () => running.remoteArchives.groups.map((each) => `${each.group} ${each.due.length}`);
    const [pod, other] = ['shop/web-0', 'shop/db-0'].map((name) => ({ ...group, group: name, due: [] }));
    await api.put('/v1/remote-archives', push(2, {}, [{ ...group, due: [] }, pod ?? {}]));
    const gone = [{ group: 'shop/web-0', rule: RULE }];
    const body = { ...push(3, {}, [group, other ?? {}]), changes: { of: 2, gone } };
    expect((await api.put('/v1/remote-archives', body)).status).toBe(200);
    expect(namesOf()).toEqual(['shop/web-0/app 1', 'shop/db-0 0']);
    expect((await api.put('/v1/remote-archives', body)).status).toBe(200);
    const { revision } = running.remoteArchives;
    const later = { ...push(4, { leaseTransitions: 9 }, []), changes: { of: 3, gone } };
    expect(errorOf(await api.put('/v1/remote-archives', later))).toBe('409 CW_ERR_STALE_FACTS');
    expect([running.remoteArchives.revision, namesOf().length]).toEqual([revision, 2]);
  });

  it.each<[string, () => object, string]>([
    ['for another node', () => ({ ...push(2), node: 'node-2' }), '421 CW_ERR_AGENT_NODE'],
    ['of an earlier revision', () => push(1), '409 CW_ERR_STALE_REVISION'],
    ['of the same revision that says something else', () => push(2, {}, []), '409 CW_ERR_STALE_REVISION'],
    ['of an earlier epoch', () => push(3, { leaseTransitions: 2 }), '409 CW_ERR_STALE_REVISION'],
    [
      'with changes of what it does not hold',
      () => ({ ...push(3), changes: { of: 1, gone: [] } }),
      '409 CW_ERR_STALE_FACTS',
    ],
    ['without a moment', () => ({ ...push(3), asOf: undefined }), '400 CW_ERR_REQUEST_INVALID'],
    ['with an unknown field', () => ({ ...push(3), expires: 1 }), '400 CW_ERR_REQUEST_INVALID'],
    [
      'with a rule of another form',
      () => push(3, {}, [{ ...group, rule: 'x' }]),
      '400 CW_ERR_REQUEST_INVALID',
    ],
  ])('refuses one %s', async (_, body, error) => {
    await api.put('/v1/remote-archives', push(2));
    const { revision } = running.remoteArchives;
    expect(errorOf(await api.put('/v1/remote-archives', body()))).toBe(error);
    expect(running.remoteArchives.revision).toBe(revision);
  });

  it('is one of the messages whose epoch none of another kind may be below, over restarts too', async () => {
    await api.put('/v1/remote-archives', push(2, { leaseTransitions: 5 }));
    const restarted = await makeApi(running, sandbox);
    const policy = { ...message(9, { leaseTransitions: 4 }), policy: POLICY };
    const owners = { ...ownersMessage(9, { leaseTransitions: 4 }), absent: [] };
    expect(errorOf(await restarted.put('/v1/policy', policy))).toBe('409 CW_ERR_STALE_REVISION');
    expect(errorOf(await restarted.put('/v1/owners', owners))).toBe('409 CW_ERR_STALE_REVISION');
  });

  it('is refused by an agent with a policy file', async () => {
    const alone = await makeApi(running, sandbox, { policyFromFile: true });
    expect(errorOf(await alone.put('/v1/remote-archives', push(2)))).toBe('409 CW_ERR_POLICY_FROM_FILE');
  });

  describe('as of a moment', () => {
    const clock = manualClock();
    const isFresh = (monotonicMs: number) => running.remoteArchives.isFresh(monotonicMs);
    beforeEach(async () => {
      clock.advance(3_600_000);
      api = await makeApi(running, sandbox, { clock });
    });

    it('counts from then, less what the nodes were asked earlier, however late it comes', async () => {
      const monotonicMs = clock.monotonicMs();
      clock.advance(40_000);
      const body = { ...push(2, { monotonicMs }), olderMs: 15_000 };
      expect((await api.put('/v1/remote-archives', body)).status).toBe(200);
      expect([45_000, 45_001].map((ms) => isFresh(monotonicMs + ms))).toEqual([true, false]);
    });

    it.each<[string, () => object]>([
      ['older than 60 s', () => push(7, { monotonicMs: clock.monotonicMs() - 60_001 })],
      [
        'older than that by what the nodes were asked earlier',
        () => ({ ...push(7, { monotonicMs: clock.monotonicMs() - 30_000 }), olderMs: 30_001 }),
      ],
      ['to come', () => ({ ...push(7, { monotonicMs: clock.monotonicMs() + 1 }), olderMs: 1 })],
      ['of another start', () => push(7, { monotonicMs: clock.monotonicMs(), instance: 'start-before' })],
    ])('is refused when that is %s, and nothing changes, not even the order', async (_, body) => {
      expect(errorOf(await api.put('/v1/remote-archives', body()))).toBe('409 CW_ERR_STALE_FACTS');
      expect((await api.get('/v1/state')).body).not.toHaveProperty('remoteArchives');
      expect(
        (await api.put('/v1/remote-archives', push(6, { monotonicMs: clock.monotonicMs() }))).status,
      ).toBe(200);
    });

    it('is renewed by a poll that confirms it; what cannot be read as that is passed over', async () => {
      const monotonicMs = clock.monotonicMs();
      await api.put('/v1/remote-archives', push(2, { monotonicMs }));
      clock.advance(50_000);
      const { moment: asOf = '' } = await api.get('/v1/state');
      const { leaseCreated, leaseTransitions } = message(1).epoch;
      const epoch = { leaseCreatedMs: fromWireTime(leaseCreated), leaseTransitions };
      const confirm = (olderMs: number) => formatConfirmation({ epoch, revision: 2, asOf, olderMs });
      expect((await api.get('/v1/state', { [CONFIRMS_HEADER]: `${confirm(1_000)}!` })).status).toBe(200);
      expect(isFresh(monotonicMs + 60_001)).toBe(false);
      // Not always at once: the watch, once it is armed, has everything scanned again, which changes the state once more. Each
      // poll confirms for longer than the one before, so that what counts is the one that was answered 304.
      let olderMs = 40_000;
      await until('a poll is answered 304', async () => {
        olderMs -= 1_000;
        const { etag = '' } = await api.get('/v1/state');
        const headers = { 'if-none-match': etag, [CONFIRMS_HEADER]: confirm(olderMs) };
        return (await api.get('/v1/state', headers)).status === 304;
      });
      const untilMs = monotonicMs + 110_000 - olderMs;
      expect([untilMs, untilMs + 1].map(isFresh)).toEqual([true, false]);
    });
  });
});
