import { policyHash } from '@checkpoint-warden/api';
import { ruleHashAlone } from '@checkpoint-warden/api/testing/rule-hash-alone';
import { createWaker, Registry } from '@checkpoint-warden/kit';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { createMemoryApiServer } from '@checkpoint-warden/kube/testing';
import type { Rule } from '@checkpoint-warden/policy';
import { afterEach, describe, expect, it } from 'vitest';
import { createGroupBook } from '../groups/group-book.ts';
import { createGroupKeeper } from '../groups/group-keeper.ts';
import { createLimiter } from '../limiter.ts';
import { createControllerMetrics } from '../metrics.ts';
import { createOwnerBook } from '../owners/owner-book.ts';
import { allSettled } from '../testing/all-settled.ts';
import { logLines } from '../testing/log-lines.ts';
import { makeArchive, makeGroup, podRule, policyOf } from '../testing/make-group.ts';
import { EPOCH, makeState } from '../testing/make-state.ts';
import { type ScriptedAgent, scriptedAgent } from '../testing/scripted-agent.ts';
import { createAgentApi } from './agent-api.ts';
import { type AgentLink, createAgentLink } from './agent-link.ts';

const POLL_MS = 12_000;
const RULE = podRule(3);
const INVENTORY = { instance: 'first-start', revision: 1 };
const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** Links to the agents of some nodes, with one group book, all on one clock. */
async function rig(nodes: readonly string[], prepare: (agent: ScriptedAgent, node: string) => void) {
  const clock = manualClock();
  const { log, lines } = logLines();
  const lead = { epoch: EPOCH };
  const waker = createWaker(clock);
  const book = createGroupBook({ clock, onChange: waker.wake });
  const owners = createOwnerBook({
    api: createMemoryApiServer({ clock }).client(),
    clock,
    lane: createLimiter(4),
    pods: { objects: new Map([['kube-system/other', 'other']]), synced: true, trouble: undefined },
    held: () => undefined,
    checkState: async () => undefined,
  });
  const counters = { owners: 0, remote: 0, orders: 0 };
  const agents = new Map<string, ScriptedAgent>();
  const links = new Map<string, AgentLink>();
  const stop = new AbortController();
  const runs: Promise<void>[] = [];
  stops.push(async () => {
    stop.abort();
    await Promise.all(runs);
  });

  const join = (node: string): void => {
    const agent = agents.get(node) ?? scriptedAgent(clock.monotonicMs);
    if (!agents.has(node)) {
      agent.state = makeState({ node });
      prepare(agent, node);
    }
    agents.set(node, agent);
    const place = { node, url: `https://${node}:9464`, origin: `pod agent-${node}` };
    const link = createAgentLink(
      place,
      {
        agent: createAgentApi(agent.call, place.url),
        clock,
        random: () => 0.5,
        log,
        metrics: createControllerMetrics(new Registry(), clock),
        book: owners,
        lanes: { answering: createLimiter(9), failing: createLimiter(9) },
        epoch: () => lead.epoch,
        nextOwnersRevision: () => ++counters.owners,
        groups: book.join(node),
        nextRemoteRevision: () => ++counters.remote,
        outrank: async () => {},
        onOwners: () => {},
      },
      { pollIntervalMs: () => POLL_MS },
    );
    links.set(node, link);
    runs.push(link.run(stop.signal));
  };
  const onAffected = (affected: ReadonlySet<string>): void => {
    for (const node of affected) links.get(node)?.wake();
  };
  const follow = (rule: Rule): void => {
    const policy = policyOf(rule);
    counters.orders += 1;
    for (const link of links.values())
      link.want({ revision: counters.orders, hash: policyHash(policy), policy });
    book.follow([policy]);
    onAffected(new Set(nodes));
  };
  const pass = async (ms: number, stepMs = 200): Promise<void> => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      clock.advance(Math.min(stepMs, ms - passed));
      await allSettled();
    }
  };
  for (const node of nodes) join(node);
  follow(RULE);
  runs.push(createGroupKeeper({ clock, book, waker, onAffected }).run(stop.signal));
  const at = (node: string): ScriptedAgent => {
    const agent = agents.get(node);
    if (agent === undefined) throw new Error(`no ${node}`);
    return agent;
  };
  const rigged = {
    clock,
    lines,
    lead,
    links,
    book,
    at,
    follow,
    pass,
    join,
    wakeAll: () => onAffected(new Set(nodes)),
    /** Everything that agents were told since, as `node: numbers of its archives`. */
    takePushes: (node: string) =>
      at(node)
        .remotePushes.splice(0)
        .map(({ groups }) =>
          groups.flatMap((group) =>
            group.nodes.map((each) => `${each.node}: ${each.archives.map(({ mtimeMs }) => mtimeMs)}`),
          ),
        ),
    takeCalls: () => Object.fromEntries(nodes.map((node) => [node, at(node).take()])),
  };
  await pass(3_000);
  return rigged;
}

/** Two nodes with two archives each of a pod that may have three. */
function twoHolders(more: readonly string[] = []) {
  return rig(['a', 'b', ...more], (agent, node) => {
    agent.groups = [makeGroup(RULE, node === 'a' ? [7, 5] : node === 'b' ? [8, 6] : [9])];
  });
}

/** From now on the agent of another node answers, with archives of its own. */
function passOn(agent: ScriptedAgent): void {
  agent.state = makeState({ node: 'node-9', inventory: { instance: 'start-there', revision: 1 } });
  agent.groups = [makeGroup(RULE, [99])];
}

const BOTH = ['a: 7', 'b: 8,6'];

describe('groups on several nodes', () => {
  it('are told to all holders at the start, once, as of a moment of their own', async () => {
    const it = await twoHolders(['c']);
    for (const node of ['a', 'b', 'c']) {
      const [push] = it.at(node).remotePushes;
      expect(push).toMatchObject({ node, epoch: { leaseTransitions: 3 }, olderMs: 0 });
      expect(push?.asOf).toMatch(/^first-start\/\d+$/);
      expect(it.takePushes(node)).toEqual([['a: 7', 'b: 8', 'c: 9']]);
    }
    expect(it.links.get('a')?.view()).toMatchObject({ reach: 'reachable', trouble: undefined });
  });

  it('of which one message cannot name all are said in the log to be left out', async () => {
    const many = podRule(1_500);
    const it = await rig(['a', 'b'], (agent, node) => {
      const numbers = Array.from({ length: 1_000 }, (_, index) => 2_000 - 2 * index - (node === 'a' ? 1 : 0));
      agent.groups = Array.from({ length: 14 }, (_, index) => {
        const pod = `web-${index}`;
        const archives = numbers.map((number) => makeArchive(number, { pod }));
        return makeGroup(many, [], { group: `shop/${pod}`, archives });
      });
    });
    it.follow(many);
    await it.pass(POLL_MS);
    expect(it.at('a').remotePushes[0]?.groups).toHaveLength(13);
    const said = () => it.lines.filter((line) => line.startsWith('warn agent is told of some groups only'));
    expect(said()).toHaveLength(2);
    const { groups } = it.at('a');
    it.at('a').groups = groups.map((each) => ({ ...each, archives: each.archives.slice(1) }));
    await it.pass(3 * POLL_MS);
    expect(it.at('a').remotePushes.length).toBeGreaterThan(1);
    expect(said()).toHaveLength(2);
  });

  it('cost nothing while nothing changes but that each poll confirms what was told', async () => {
    const it = await twoHolders();
    await it.pass(POLL_MS);
    it.takeCalls();
    it.at('a').takeConfirmations();
    const [push] = it.at('a').remotePushes;
    await it.pass(5 * POLL_MS);
    for (const calls of Object.values(it.takeCalls()))
      expect(new Set(calls)).toEqual(new Set(['GET /v1/state']));
    const confirmed = it.at('a').takeConfirmations();
    expect(confirmed).toHaveLength(5);
    for (const { epoch, revision, olderMs } of confirmed) {
      expect({ epoch, revision }).toEqual({ epoch: EPOCH, revision: push?.revision });
      expect(olderMs).toBeLessThan(POLL_MS);
    }
    const moments = confirmed.map(({ asOf }) => Number(asOf.split('/')[1]));
    expect(moments.map((ms, index) => ms - (moments[index - 1] ?? ms - POLL_MS))).toEqual(
      Array(5).fill(POLL_MS),
    );
  });

  it('are told to both when a pod’s archives turn up on a second node', async () => {
    const it = await rig(['a', 'b'], (agent, node) => {
      if (node === 'a') agent.groups = [makeGroup(RULE, [7, 5])];
    });
    await it.pass(POLL_MS);
    expect([it.takePushes('a'), it.takePushes('b')]).toEqual([[], []]);
    expect(it.at('b').take()).not.toContain('GET /v1/groups');
    it.at('b').groups = [makeGroup(RULE, [8, 6])];
    await it.pass(POLL_MS + 1_000);
    expect([it.takePushes('a'), it.takePushes('b')]).toEqual([[BOTH], [BOTH]]);
  });

  it('are told without what is not there any more, and without a group that is far from its limit', async () => {
    const it = await twoHolders();
    it.takePushes('a');
    it.at('b').groups = [makeGroup(RULE, [8])];
    await it.pass(POLL_MS + 1_000);
    expect(it.takePushes('a')).toEqual([['a: 7,5', 'b: 8']]);
    it.at('a').groups = [makeGroup(RULE, [7])];
    await it.pass(POLL_MS + 1_000);
    expect(it.takePushes('a')).toEqual([[]]);
    it.at('a').takeConfirmations();
    await it.pass(3 * POLL_MS);
    expect([it.takePushes('a'), it.at('a').takeConfirmations()]).toEqual([[], []]);
  });

  it('are told by what has changed, and as a whole to one that holds something else', async () => {
    const archives = [7, 5].map((number) => makeArchive(number, { pod: 'web-1' }));
    const other = makeGroup(RULE, [], { group: 'shop/web-1', archives });
    const it = await twoHolders();
    for (const node of ['a', 'b']) it.at(node).groups = [...it.at(node).groups, other];
    await it.pass(3 * POLL_MS);
    it.at('b').groups = [makeGroup(RULE, [9, 6]), other];
    it.at('a').remoteMessages.splice(0);
    await it.pass(2 * POLL_MS);
    const [message] = it.at('a').remoteMessages.splice(0);
    expect([message?.groups.map(({ group }) => group), message?.changes?.gone]).toEqual([['shop/web-0'], []]);
    const { remoteArchives: _, ...state } = it.at('a').state;
    it.at('a').state = state;
    it.at('b').groups = [makeGroup(RULE, [10, 6]), other];
    await it.pass(4 * POLL_MS);
    expect(it.at('a').remoteMessages.some(({ changes }) => changes === undefined)).toBe(true);
    expect(it.takePushes('a').at(-1)).toContain('b: 10,6');
  });

  it('are confirmed no more once what would be told is something else', async () => {
    const it = await twoHolders();
    await it.pass(POLL_MS);
    it.at('a').script.set('PUT /v1/remote-archives', 'unreachable');
    it.at('b').groups = [makeGroup(RULE, [10, 8])];
    await it.pass(POLL_MS + 1_000);
    it.at('a').takeConfirmations();
    it.at('a').take();
    await it.pass(5 * POLL_MS);
    expect(it.at('a').take()).toContain('GET /v1/state');
    expect(it.at('a').takeConfirmations()).toEqual([]);
  });

  it('count as old as the node that was not heard of for longest, which is left out after 45 s, and comes back', async () => {
    const it = await twoHolders(['c']);
    await it.pass(POLL_MS);
    for (const node of ['a', 'b', 'c']) it.takePushes(node);
    it.at('a').takeConfirmations();
    it.at('c').script.set('GET /v1/state', 'unreachable');
    await it.pass(2 * POLL_MS);
    const older = it
      .at('a')
      .takeConfirmations()
      .map(({ olderMs }) => olderMs);
    expect(older.at(-1)).toBeGreaterThanOrEqual(POLL_MS / 2);
    expect(it.takePushes('a')).toEqual([]);
    await it.pass(30_000);
    expect([it.takePushes('a'), it.takePushes('b')]).toEqual([[BOTH], [BOTH]]);
    it.at('c').script.clear();
    await it.pass(60_000);
    const all = ['a: 7', 'b: 8', 'c: 9'];
    expect([it.takePushes('a'), it.takePushes('b'), it.takePushes('c')]).toEqual([[all], [all], [all]]);
  });

  it('never say that a list is right longer than its node was heard of, though the link is polled', async () => {
    const it = await twoHolders();
    await it.pass(POLL_MS);
    it.at('b').script.set('GET /v1/state', 'unreachable');
    const heardMs = it.clock.monotonicMs();
    it.at('a').takeConfirmations();
    await it.pass(3 * POLL_MS);
    for (const { asOf, olderMs } of it.at('a').takeConfirmations())
      expect(Number(asOf.split('/')[1]) - olderMs).toBeLessThanOrEqual(heardMs);
  });

  it('are forgotten when the rule is edited, and told anew under the new one, once', async () => {
    const it = await twoHolders();
    await it.pass(POLL_MS);
    it.takePushes('a');
    const edited = podRule(2);
    it.follow(edited);
    for (const node of ['a', 'b']) it.at(node).groups = [makeGroup(edited, node === 'a' ? [7, 5] : [8, 6])];
    await it.pass(3_000);
    const [push] = it.at('a').remotePushes;
    expect(push?.groups.map(({ rule }) => rule)).toEqual([ruleHashAlone(edited)]);
    expect(it.takePushes('a')).toEqual([['a: 7', 'b: 8']]);
  });

  it('are told again to an agent that has started anew, and to no other', async () => {
    const it = await twoHolders();
    await it.pass(POLL_MS);
    for (const node of ['a', 'b']) it.takePushes(node);
    it.at('a').restart('second-start');
    await it.pass(POLL_MS + 1_000);
    expect(it.at('a').remotePushes[0]?.asOf).toMatch(/^second-start\//);
    expect([it.takePushes('a'), it.takePushes('b')]).toEqual([[BOTH], []]);
  });

  it('are told anew in the name of a new epoch', async () => {
    const it = await twoHolders();
    await it.pass(POLL_MS);
    it.takePushes('a');
    it.at('a').takeConfirmations();
    it.lead.epoch = { ...EPOCH, leaseTransitions: 9 };
    it.wakeAll();
    await it.pass(2_000);
    expect(it.at('a').remotePushes.map(({ epoch }) => epoch.leaseTransitions)).toEqual([9]);
    await it.pass(POLL_MS);
    expect(
      new Set(
        it
          .at('a')
          .takeConfirmations()
          .map(({ epoch }) => epoch.leaseTransitions),
      ),
    ).toEqual(new Set([9]));
  });

  it('are not confirmed in the name of an epoch that they were not told in', async () => {
    const it = await twoHolders();
    await it.pass(POLL_MS);
    it.at('a').takeConfirmations();
    it.at('a').script.set('PUT /v1/remote-archives', 'unreachable');
    it.lead.epoch = { ...EPOCH, leaseTransitions: 9 };
    it.wakeAll();
    await it.pass(3 * POLL_MS);
    expect(it.at('a').takeConfirmations()).toEqual([]);
  });

  it('count as of before they were others, as long as it is not known what they are now', async () => {
    const it = await twoHolders();
    await it.pass(POLL_MS);
    const changedMs = it.clock.monotonicMs();
    it.at('b').script.set('GET /v1/groups', {
      status: 503,
      body: { code: 'CW_ERR_NOT_READY', message: 'no' },
    });
    it.at('b').groups = [makeGroup(RULE, [10, 8])];
    it.at('a').takeConfirmations();
    await it.pass(3 * POLL_MS);
    const confirmed = it.at('a').takeConfirmations();
    expect(confirmed.length).toBeGreaterThan(1);
    for (const { asOf, olderMs } of confirmed)
      expect(Number(asOf.split('/')[1]) - olderMs).toBeLessThanOrEqual(changedMs);
  });

  it('are asked for anew where the newest archives do not fit the figures, though these seem to be the same', async () => {
    const it = await twoHolders(['c']);
    await it.pass(POLL_MS);
    const newer = { ...makeGroup(RULE, [12]), version: 'in between' };
    it.at('c').script.set('POST /v1/groups', {
      status: 200,
      body: { inventory: INVENTORY, groups: [newer] },
    });
    it.at('c').groups = [makeGroup(RULE, [11])];
    await it.pass(POLL_MS + 1_000);
    expect(it.takePushes('a').at(-1)).toContain('c: 12');
    it.at('c').script.clear();
    await it.pass(POLL_MS + 1_000);
    expect(it.takePushes('a').at(-1)).toContain('c: 11');
  });

  it('are told to who holds those of an earlier leader, and none are to who was told of none', async () => {
    const remoteArchives = {
      epoch: { leaseCreated: '2026-01-01T00:00:00.000Z', leaseTransitions: 1 },
      revision: 40,
    };
    const it = await rig(['a', 'b', 'c', 'd'], (agent, node) => {
      if (node === 'a' || node === 'b') agent.groups = [makeGroup(RULE, node === 'a' ? [7, 5] : [8, 6])];
      if (node !== 'd') agent.state = { ...agent.state, remoteArchives };
    });
    await it.pass(POLL_MS);
    expect(['a', 'b', 'c', 'd'].map(it.takePushes)).toEqual([[BOTH], [BOTH], [[]], []]);
  });

  it.each(['CW_ERR_STALE_FACTS', 'CW_ERR_STALE_REVISION'])(
    'are told as of a new moment where the last message was refused: %s',
    async (code) => {
      const it = await rig(['a', 'b'], (agent, node) => {
        agent.groups = [makeGroup(RULE, node === 'a' ? [7, 5] : [8, 6])];
        if (node === 'a')
          agent.script.set('PUT /v1/remote-archives', { status: 409, body: { code, message: 'old' } });
      });
      expect(it.takePushes('a')).toEqual([]);
      it.at('a').script.clear();
      it.at('a').take();
      await it.pass(5_000);
      const calls = it.at('a').take();
      expect(calls.indexOf('GET /v1/state')).toBeLessThan(calls.indexOf('PUT /v1/remote-archives'));
      expect(it.takePushes('a')).toEqual([BOTH]);
    },
  );

  it('are asked of no agent of an older version, which is told nothing', async () => {
    const it = await rig(['a', 'b'], (agent, node) => {
      if (node === 'a') agent.groups = [makeGroup(RULE, [9, 8, 7, 6])];
    });
    await it.pass(3 * POLL_MS);
    const { b = [] } = it.takeCalls();
    expect(new Set(b)).toEqual(new Set(['GET /v1/state', 'PUT /v1/policy', 'GET /v1/owners']));
    expect(it.at('b').takeConfirmations()).toEqual([]);
  });

  it('are never those of another node that has got the address of one by the time that it is asked', async () => {
    const it = await rig(['a', 'b', 'c'], (agent, node) => {
      if (node !== 'b') agent.groups = [makeGroup(RULE, node === 'a' ? [7, 5] : [9])];
    });
    await it.pass(POLL_MS);
    const c = it.at('c');
    c.onCall = (name) => {
      if (name === 'POST /v1/groups') passOn(c);
    };
    it.at('b').groups = [makeGroup(RULE, [8, 6])];
    await it.pass(2 * POLL_MS);
    expect(c.state.node).toBe('node-9');
    expect(it.links.get('c')?.view().reach).toBe('misplaced');
    expect([it.takePushes('a'), it.takePushes('b')]).toEqual([[BOTH], [BOTH]]);
  });

  it('are told at once without a node that another one answers for, and with it when it is back', async () => {
    const it = await twoHolders(['c']);
    await it.pass(POLL_MS);
    for (const node of ['a', 'c']) it.takePushes(node);
    const c = it.at('c');
    const { state, groups } = c;
    passOn(c);
    await it.pass(POLL_MS + 8_000);
    expect(it.takePushes('a')).toEqual([BOTH]);
    Object.assign(c, { state, groups });
    await it.pass(60_000);
    const all = ['a: 7', 'b: 8', 'c: 9'];
    expect([it.takePushes('a'), it.takePushes('c').at(-1)]).toEqual([[all], all]);
  });

  it('are told without an agent that has left, and with it when it is back', async () => {
    const it = await twoHolders(['c']);
    await it.pass(POLL_MS);
    it.takePushes('a');
    it.book.leave('c');
    await it.pass(POLL_MS);
    expect(it.takePushes('a')).toEqual([BOTH]);
  });
});

describe('an agent that lies', () => {
  const figures = (version: string, group = 'shop/web-0') => ({
    group,
    rule: ruleHashAlone(RULE),
    count: 1,
    bytes: 10,
    version,
  });
  const answer = (changes: object) => ({
    status: 200,
    body: {
      inventory: INVENTORY,
      groups: [{ ...figures('c1'), due: [], archives: [makeArchive(99)], ...changes }],
    },
  });

  it.each<[string, (agent: ScriptedAgent) => void, string]>([
    [
      'about archives of a group that it was not asked for',
      ({ script }) => script.set('POST /v1/groups', answer({ group: 'shop/db-0' })),
      'incompatible',
    ],
    [
      'about archives of another pod',
      ({ script }) => script.set('POST /v1/groups', answer({ archives: [makeArchive(99, { pod: 'db-0' })] })),
      'incompatible',
    ],
    [
      'about groups that make no sense',
      ({ script }) => script.set('GET /v1/groups', { status: 200, body: { groups: 'all' } }),
      'incompatible',
    ],
    [
      'and refuses to be told',
      ({ script }) => script.set('PUT /v1/remote-archives', { status: 500, body: '<html>' }),
      'incompatible',
    ],
    [
      'and confirms another message than it was told',
      ({ script, state }) =>
        script.set('PUT /v1/remote-archives', {
          status: 200,
          body: { epoch: { leaseCreated: '2026-01-01T00:00:00.000Z', leaseTransitions: 3 }, revision: 999 },
          headers: { state: state.node },
        }),
      'incompatible',
    ],
    ['and forgets what it was told', ({ script }) => script.set('forget-remote', {}), 'reachable'],
    [
      'by a version of its groups that never is that of its state',
      ({ script }) =>
        script.set('GET /v1/groups', {
          status: 200,
          body: {
            inventory: INVENTORY,
            version: 'another',
            groups: [figures('c1')],
          },
        }),
      'reachable',
    ],
    [
      'by a version of its archives that never is that of its figures',
      ({ script }) =>
        script.set('POST /v1/groups', answer({ version: 'another', archives: [makeArchive(9)] })),
      'reachable',
    ],
    [
      'by leaving out what it names',
      ({ script }) =>
        script.set('POST /v1/groups', { status: 200, body: { inventory: INVENTORY, groups: [] } }),
      'reachable',
    ],
    [
      'about which start of it tells of its groups',
      ({ script }) =>
        script.set('GET /v1/groups', {
          status: 200,
          body: {
            inventory: { instance: 'another-start', revision: 1 },
            version: 'another',
            groups: [figures('c1')],
          },
        }),
      'incompatible',
    ],
    [
      'about which start of it tells of its archives',
      ({ script }) =>
        script.set('POST /v1/groups', {
          status: 200,
          body: { inventory: { instance: 'another-start', revision: 1 }, groups: [] },
        }),
      'incompatible',
    ],
  ])('%s is not asked in a hot loop, and keeps nobody else from being told', async (_, lie, reach) => {
    const it = await rig(['a', 'b', 'c'], (agent, node) => {
      agent.groups = [makeGroup(RULE, node === 'a' ? [7, 5] : node === 'b' ? [8, 6] : [9])];
      if (node === 'c') lie(agent);
    });
    await it.pass(2_000);
    const named = (pushes: string[][]) =>
      pushes.at(-1)?.filter((text) => text.startsWith('a: 7') || text.startsWith('b: 8'));
    expect(named(it.takePushes('a'))).toHaveLength(2);
    it.takeCalls();
    await it.pass(600_000, 1_000);
    const { a = [], c = [] } = it.takeCalls();
    expect(c.length).toBeLessThan(300);
    expect(a.length).toBeLessThan(100);
    expect(it.links.get('c')?.view().reach).toBe(reach);
    it.at('b').groups = [makeGroup(RULE, [11, 10])];
    await it.pass(2 * POLL_MS);
    expect(it.takePushes('a').at(-1)).toContainEqual(expect.stringMatching(/^b: 11,10/));
  });

  it('by other archives at every look does so at the pace of polls', async () => {
    let number = 100;
    const it = await twoHolders(['c']);
    const c = it.at('c');
    it.takeCalls();
    for (let passed = 0; passed < 600_000; passed += 1_000) {
      c.groups = [makeGroup(RULE, [++number])];
      await it.pass(1_000, 500);
    }
    const { a = [], c: ofC = [] } = it.takeCalls();
    expect(a.length).toBeLessThan(200);
    expect(ofC.length).toBeLessThan(300);
  });
});
