import { fromWireTime, policyHash } from '@checkpoint-warden/api';
import { Registry } from '@checkpoint-warden/kit';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { KubeError, PODS } from '@checkpoint-warden/kube';
import { createMemoryApiServer, type KubeFault } from '@checkpoint-warden/kube/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { createGroupBook } from '../groups/group-book.ts';
import { createLimiter } from '../limiter.ts';
import { createControllerMetrics } from '../metrics.ts';
import { createOwnerBook } from '../owners/owner-book.ts';
import type { PodContainers } from '../owners/pod-containers.ts';
import { allSettled } from '../testing/all-settled.ts';
import { logLines } from '../testing/log-lines.ts';
import { EPOCH, inForce, makeOwner, makeState } from '../testing/make-state.ts';
import { orphanPolicy } from '../testing/orphan-policy.ts';
import { scriptedAgent } from '../testing/scripted-agent.ts';
import { createAgentApi } from './agent-api.ts';
import { createAgentLink } from './agent-link.ts';
import { createOutrank } from './outrank.ts';

const GRACE_MS = 60_000;
const PLACE = { node: 'node-1', url: 'https://node-1:9464', origin: 'pod agent-1' };
const WEB = makeOwner('shop/web-0/app', 2);
const DB = makeOwner('shop/db-0/app', 1);
const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

function orderOf(graceMs: number, revision = 1) {
  const policy = orphanPolicy(graceMs);
  return { revision, hash: policyHash(policy), policy };
}

/** A link to an agent, both on one clock, and the pods of the cluster. */
function rig() {
  const clock = manualClock();
  const agent = scriptedAgent(clock.monotonicMs);
  const server = createMemoryApiServer({ clock });
  const pods = {
    objects: new Map<string, PodContainers>([['kube-system/other', 'other']]),
    synced: true,
    trouble: undefined as { readonly message: string } | undefined,
  };
  let fault: KubeFault = 'ok';
  const asked: number[] = [];
  const book = createOwnerBook({
    api: server.client(() => {
      asked.push(clock.monotonicMs());
      return fault;
    }),
    clock,
    lane: createLimiter(4),
    pods,
    held: () => undefined,
    checkState: async () => undefined,
  });
  const lead = { epoch: EPOCH, outrank: async (_: typeof EPOCH): Promise<void> => {} };
  const { log, lines } = logLines();
  let revision = 0;
  const lane = createLimiter(1);
  const link = createAgentLink(
    PLACE,
    {
      agent: createAgentApi(agent.call, PLACE.url),
      clock,
      random: () => 0.5,
      log,
      metrics: createControllerMetrics(new Registry(), clock),
      book,
      lanes: { answering: lane, failing: createLimiter(1) },
      epoch: () => lead.epoch,
      nextOwnersRevision: () => ++revision,
      groups: createGroupBook({ clock, onChange: () => {} }).join(PLACE.node),
      nextRemoteRevision: () => ++revision,
      outrank: (epoch) => lead.outrank(epoch),
      onOwners: () => {},
    },
    { pollIntervalMs: () => 12_000 },
  );
  return {
    clock,
    agent,
    server,
    pods,
    book,
    lane,
    link,
    lead,
    lines,
    asked,
    fail(next: KubeFault) {
      fault = next;
    },
    async start() {
      const stop = new AbortController();
      const ended = link.run(stop.signal);
      stops.push(() => {
        stop.abort();
        return ended;
      });
      await allSettled();
    },
    async pass(ms: number, stepMs = 1_000) {
      for (let passed = 0; passed < ms; passed += stepMs) {
        clock.advance(Math.min(stepMs, ms - passed));
        await allSettled();
      }
    },
    podIs(containers: string | undefined) {
      if (containers === undefined) pods.objects.delete('shop/web-0');
      else pods.objects.set('shop/web-0', containers);
      book.podChanged('shop/web-0', containers);
      link.wake();
    },
  };
}

const told = ({ agent }: ReturnType<typeof rig>) =>
  agent.pushes.map(({ absent }) => absent.map(({ pod, container }) => `${pod}/${container}`));

describe('the policy', () => {
  it('is pushed after the first poll, and is then in force', async () => {
    const it = rig();
    it.link.want(orderOf(GRACE_MS));
    await it.start();
    expect(it.agent.take()).toEqual(['GET /v1/state', 'PUT /v1/policy', 'GET /v1/owners']);
    expect(it.link.view()).toMatchObject({ reach: 'reachable', trouble: undefined, isCurrent: true });
    await it.pass(1_000);
    expect(it.agent.take()).toEqual(['GET /v1/state']);
  });

  it('is said again after five minutes, and in between the agent is only polled', async () => {
    const it = rig();
    it.link.want(orderOf(GRACE_MS));
    await it.start();
    it.agent.take();
    await it.pass(299_000);
    expect(it.agent.policies).toHaveLength(1);
    expect(new Set(it.agent.take())).toEqual(new Set(['GET /v1/state']));
    await it.pass(1_000);
    expect(it.agent.take()).toContain('PUT /v1/policy');
    expect(it.agent.policies.map(({ revision }) => revision)).toEqual([1, 1]);
  });

  it('is pushed again when it is another one, and when the epoch is', async () => {
    const it = rig();
    it.link.want(orderOf(GRACE_MS));
    await it.start();
    it.link.want(orderOf(0, 2));
    await allSettled();
    it.lead.epoch = { ...EPOCH, leaseTransitions: 9 };
    it.link.wake();
    await allSettled();
    expect(it.agent.policies.map(({ revision, epoch }) => [revision, epoch.leaseTransitions])).toEqual([
      [1, 3],
      [2, 3],
      [2, 9],
    ]);
  });

  it('goes before a call that was waiting for its turn when it was edited', async () => {
    const it = rig();
    const others = Promise.withResolvers<void>();
    it.agent.onCall = (name) => {
      if (name !== 'PUT /v1/policy') return;
      it.agent.onCall = () => {};
      void it.lane.run(() => others.promise, new AbortController().signal, true);
    };
    it.link.want(orderOf(GRACE_MS));
    await it.start();
    expect(it.agent.take()).toEqual(['GET /v1/state', 'PUT /v1/policy']);
    it.link.want(orderOf(2 * GRACE_MS, 2));
    others.resolve();
    await allSettled();
    expect(it.agent.take()).toEqual(['PUT /v1/policy', 'GET /v1/owners']);
  });

  it('waits until an order is there: nobody is told to enforce nothing because something is not known', async () => {
    const it = rig();
    await it.start();
    expect(it.agent.take()).toEqual(['GET /v1/state', 'GET /v1/owners']);
  });

  it('comes after outranking a leader that the agent has obeyed', async () => {
    const it = rig();
    const later = { ...EPOCH, leaseTransitions: 7 };
    it.agent.state = makeState({ policy: inForce('theirs', 40, later) });
    it.lead.outrank = async (epoch) => {
      expect(epoch).toEqual(later);
      it.lead.epoch = { ...EPOCH, leaseTransitions: 8 };
    };
    it.link.want(orderOf(GRACE_MS));
    await it.start();
    expect(it.agent.policies.map(({ epoch }) => epoch.leaseTransitions)).toEqual([8]);
  });

  it('is pushed and no more, where it was refused in the name of an epoch that is over by then', async () => {
    const it = rig();
    const outranked: (typeof EPOCH)[] = [];
    it.lead.outrank = async (epoch) => {
      outranked.push(epoch);
    };
    it.agent.script.set('PUT /v1/policy', {
      status: 409,
      body: { code: 'CW_ERR_STALE_REVISION', message: 'old' },
    });
    it.link.want(orderOf(GRACE_MS));
    await it.start();
    it.agent.script.clear();
    it.lead.epoch = { ...EPOCH, leaseTransitions: 9 };
    await it.pass(30_000);
    expect(it.agent.policies.map(({ epoch }) => epoch.leaseTransitions)).toEqual([9]);
    expect(outranked).toEqual([]);
    expect(it.link.view()).toMatchObject({ reach: 'reachable', isCurrent: true });
  });

  it('is not pushed to an agent that has a policy file', async () => {
    const it = rig();
    it.agent.state = makeState({ policy: { source: 'file', revision: 1, hash: 'x' } });
    it.agent.owners = [WEB];
    it.link.want(orderOf(0));
    await it.start();
    await it.pass(30_000);
    expect(new Set(it.agent.take())).toEqual(new Set(['GET /v1/state']));
    expect(it.link.view()).toMatchObject({ reach: 'stand-alone', isCurrent: false });
  });
});

describe('an agent that is not as it should be', () => {
  it('is tried again after pauses that double up to a minute, and once more when it is back', async () => {
    const it = rig();
    it.agent.script.set('GET /v1/state', 'unreachable');
    it.link.want(orderOf(GRACE_MS));
    await it.start();
    const tries: number[] = [];
    for (let second = 0; second < 200; second++) {
      if (it.agent.take().length > 0) tries.push(second);
      await it.pass(1_000);
    }
    expect(tries).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
    expect(it.link.view()).toMatchObject({
      reach: 'unreachable',
      trouble: expect.stringContaining('connection refused'),
    });
    expect(it.lines).toEqual(['warn agent cannot be used']);
    it.agent.script.clear();
    await it.pass(60_000);
    expect(it.link.view()).toMatchObject({ reach: 'reachable', trouble: undefined, isCurrent: true });
    expect(it.lines).toEqual(['warn agent cannot be used', 'info agent reached']);
  });

  it('is tried at once where there is reason to think that it answers, and after pauses that begin anew', async () => {
    const it = rig();
    it.agent.script.set('GET /v1/state', 'unreachable');
    it.link.want(orderOf(GRACE_MS));
    await it.start();
    await it.pass(70_000);
    it.agent.take();
    it.link.retry();
    await allSettled();
    expect(it.agent.take()).toEqual(['GET /v1/state']);
    await it.pass(2_000);
    expect(it.agent.take()).toEqual(['GET /v1/state']);
    it.agent.script.clear();
    it.link.retry();
    await allSettled();
    expect(it.link.view()).toMatchObject({ reach: 'reachable', isCurrent: true });
    it.agent.take();
    it.link.retry();
    await allSettled();
    expect(it.agent.take()).toEqual([]);
  });

  it.each<[string, Parameters<ReturnType<typeof rig>['agent']['script']['set']>[1], string, RegExp]>([
    [
      'another node’s',
      { body: makeState({ node: 'node-2' }) },
      'misplaced',
      /says that it is the agent of node-2/,
    ],
    [
      'one that answers nonsense',
      { body: { hello: 'world' } },
      'incompatible',
      /does not answer like an agent of this version/,
    ],
    ['a web server’s 404', { status: 404, body: undefined }, 'incompatible', /HTTP status 404/],
    ['a proxy’s 500', { status: 500, body: '<html>' }, 'incompatible', /HTTP status 500/],
    ['an old version that tells no moment', { headers: {} }, 'incompatible', /does not tell the moment/],
    [
      'one that fails',
      { status: 500, body: { code: 'CW_ERR_INTERNAL', message: 'a bug' } },
      'reachable',
      /answered 500: a bug/,
    ],
    ['one that answers “not changed” to who has nothing', { status: 304 }, 'incompatible', /HTTP status 304/],
  ])('is given no orders where it is %s', async (_, answer, reach, why) => {
    const it = rig();
    it.agent.owners = [WEB];
    it.agent.script.set('GET /v1/state', answer);
    it.link.want(orderOf(0));
    await it.start();
    await it.pass(20_000);
    expect(new Set(it.agent.take())).toEqual(new Set(['GET /v1/state']));
    expect(it.link.view()).toMatchObject({ reach, trouble: expect.stringMatching(why), isCurrent: false });
  });

  it('is asked for no owners while its archives are not known', async () => {
    const it = rig();
    it.agent.state = makeState({ ready: false });
    it.link.want(orderOf(GRACE_MS));
    await it.start();
    await it.pass(12_000);
    expect(new Set(it.agent.take())).toEqual(new Set(['GET /v1/state', 'PUT /v1/policy']));
    expect(it.link.view()).toMatchObject({ reach: 'reachable', trouble: undefined });
  });

  it.each<[string, (it: ReturnType<typeof rig>) => void, string]>([
    [
      'refuses the policy as stale',
      ({ agent }) =>
        agent.script.set('PUT /v1/policy', {
          status: 409,
          body: { code: 'CW_ERR_STALE_REVISION', message: 'old' },
        }),
      'reachable',
    ],
    [
      'enforces another one than it was given',
      ({ agent }) => agent.script.set('PUT /v1/policy', { status: 200, body: inForce('other', 1) }),
      'incompatible',
    ],
    ['confirms it and never enforces it', ({ agent }) => agent.script.set('keep-policy', {}), 'incompatible'],
    [
      'answers with owners that make no sense',
      ({ agent }) => agent.script.set('GET /v1/owners', { status: 200, body: [] }),
      'incompatible',
    ],
    [
      'answers with owners as another start than it is polled as',
      ({ agent }) =>
        agent.script.set('GET /v1/owners', {
          status: 200,
          body: { inventory: { instance: 'another-start', revision: 1 }, owners: [] },
        }),
      'incompatible',
    ],
  ])(
    'that %s is tried again less and less, says so in one place, and is logged once',
    async (_, script, reach) => {
      const it = rig();
      script(it);
      it.link.want(orderOf(GRACE_MS));
      await it.start();
      await it.pass(600_000);
      expect(it.agent.take().length).toBeLessThan(60);
      expect(it.link.view()).toMatchObject({ reach, trouble: expect.any(String) });
      expect(it.lines.length).toBeLessThanOrEqual(2);
    },
  );

  it('is believed once in minutes where it says at every look that it has obeyed a later leader', async () => {
    const it = rig();
    const raised: number[] = [];
    const leadership = {
      get epoch() {
        return it.lead.epoch;
      },
      async raiseEpoch({ leaseTransitions }: typeof EPOCH) {
        raised.push(leaseTransitions);
        it.lead.epoch = { ...EPOCH, leaseTransitions: leaseTransitions + 1 };
        return it.lead.epoch;
      },
    };
    const outrank = createOutrank({
      leadership,
      clock: it.clock,
      log: logLines().log,
      onRaised: () => {},
    });
    it.lead.outrank = (epoch) => outrank(PLACE.node, epoch);
    it.agent.onCall = () => {
      const { leaseTransitions } = it.lead.epoch;
      const later = { ...EPOCH, leaseTransitions: leaseTransitions + 9_000 };
      it.agent.state = makeState({ policy: inForce('theirs', 40, later) });
    };
    it.link.want(orderOf(GRACE_MS));
    await it.start();
    await it.pass(600_000);
    expect(raised).toEqual([9_003, 18_004]);
    expect(it.agent.take().length).toBeLessThan(40);
    expect(it.link.view()).toMatchObject({
      reach: 'incompatible',
      trouble: expect.stringContaining('says again that it has obeyed a later leader'),
    });
  });

  it('is not blamed where the API server fails', async () => {
    const it = rig();
    it.agent.state = makeState({ policy: inForce('x', 1, { ...EPOCH, leaseTransitions: 7 }) });
    it.lead.outrank = async () => {
      throw new KubeError({ verb: 'update', resource: 'leases', status: 500, reason: '', message: 'no' });
    };
    await it.start();
    expect(it.link.view()).toMatchObject({
      reach: 'reachable',
      trouble: expect.stringContaining('update leases: 500'),
    });
  });
});

describe('owners that are gone', () => {
  it('are told once the grace is over and they were asked for again, as of a moment before that', async () => {
    const it = rig();
    it.agent.owners = [WEB];
    it.link.want(orderOf(GRACE_MS));
    await it.start();
    expect(it.asked).toEqual([0]);
    await it.pass(59_000);
    expect(it.agent.pushes).toEqual([]);
    await it.pass(1_000);
    expect(told(it)).toEqual([['web-0/app']]);
    const [push] = it.agent.pushes;
    const momentMs = Number(push?.asOf.split('/')[1]);
    const [, second] = it.asked;
    expect(second).toBeGreaterThanOrEqual(60_000);
    expect(momentMs).toBeLessThanOrEqual(second ?? 0);
    expect(momentMs).toBeGreaterThan(50_000);
    const [owner] = push?.absent ?? [];
    expect(
      fromWireTime(owner?.confirmedAt ?? '') - fromWireTime(owner?.absentSince ?? ''),
    ).toBeGreaterThanOrEqual(GRACE_MS);
  });

  it('are told as of a moment of a poll made for it, where the last one is old', async () => {
    const it = rig();
    it.agent.owners = [WEB];
    it.podIs('app');
    it.link.want(orderOf(0));
    await it.start();
    await it.pass(1_000);
    await it.pass(11_000);
    it.agent.take();
    it.podIs(undefined);
    await allSettled();
    expect(it.agent.take()).toEqual(['GET /v1/state', 'PUT /v1/owners']);
    expect(it.agent.pushes.map(({ asOf }) => asOf)).toEqual(['first-start/12000']);
  });

  it('are told again while the archives stay, after pauses that grow', async () => {
    const it = rig();
    it.agent.owners = [WEB];
    it.link.want(orderOf(0));
    await it.start();
    await it.pass(150_000);
    expect(told(it)).toHaveLength(4);
  });

  it('are taken back when the pod comes back, with whoever is gone still', async () => {
    const it = rig();
    it.agent.owners = [WEB, DB];
    it.link.want(orderOf(0));
    await it.start();
    it.podIs('app');
    await allSettled();
    expect(told(it)).toEqual([['web-0/app', 'db-0/app'], ['db-0/app']]);
  });

  it('are taken back also where the answer to the message was lost', async () => {
    const it = rig();
    it.agent.owners = [WEB];
    it.agent.script.set('PUT /v1/owners', 'unreachable');
    it.link.want(orderOf(0));
    await it.start();
    it.podIs('app');
    it.agent.script.clear();
    await it.pass(2_000);
    expect(told(it)).toEqual([[]]);
  });

  it('are taken back when their archives are gone: the pod may come back and be checkpointed', async () => {
    const it = rig();
    it.agent.owners = [WEB];
    it.link.want(orderOf(0));
    await it.start();
    it.agent.owners = [];
    it.agent.state = { ...it.agent.state, inventory: { instance: 'first-start', revision: 2 } };
    await it.pass(1_000);
    expect(told(it)).toEqual([['web-0/app'], []]);
  });

  it('are taken back when pods cannot be watched any more', async () => {
    const it = rig();
    it.agent.owners = [WEB];
    it.link.want(orderOf(0));
    await it.start();
    it.pods.trouble = { message: 'watch pods: 403 Forbidden' };
    await it.pass(1_000);
    expect(told(it)).toEqual([['web-0/app'], []]);
    expect(it.link.view().orphans).toEqual({
      orphaned: 0,
      unknown: 2,
      why: 'pods cannot be watched: watch pods: 403 Forbidden',
    });
  });

  it('are not told where the pod was there within the grace', async () => {
    const it = rig();
    it.agent.owners = [WEB];
    it.link.want(orderOf(GRACE_MS));
    await it.start();
    await it.pass(30_000);
    it.podIs('app');
    it.podIs(undefined);
    await it.pass(59_000);
    expect(it.agent.pushes).toEqual([]);
    await it.pass(2_000);
    expect(told(it)).toEqual([['web-0/app']]);
  });

  it('are not told while the API server does not answer', async () => {
    const it = rig();
    it.agent.owners = [WEB];
    it.fail({
      error: new KubeError({
        verb: 'get',
        resource: 'pods',
        status: 403,
        reason: 'Forbidden',
        message: 'no',
      }),
    });
    it.link.want(orderOf(0));
    await it.start();
    await it.pass(100_000);
    expect(it.agent.pushes).toEqual([]);
    expect(it.link.view().orphans).toMatchObject({
      unknown: 2,
      why: expect.stringContaining('the verb get on pods'),
    });
    expect(it.asked.length).toBeLessThan(8);
  });

  it('are not told where the watch is behind and the pod is there', async () => {
    const it = rig();
    it.agent.owners = [WEB];
    it.server.put(PODS, {
      metadata: { namespace: 'shop', name: 'web-0' },
      spec: { containers: [{ name: 'app' }] },
    });
    it.link.want(orderOf(0));
    await it.start();
    await it.pass(60_000);
    expect(it.agent.pushes).toEqual([]);
  });

  it('are told anew to an agent that has started again, and has forgotten them', async () => {
    const it = rig();
    it.agent.owners = [WEB];
    it.link.want(orderOf(0));
    await it.start();
    it.agent.state = { ...it.agent.state, inventory: { instance: 'second-start', revision: 1 } };
    await it.pass(1_000);
    expect(it.agent.pushes.map(({ asOf }) => asOf)).toEqual(['first-start/0', 'second-start/1000']);
  });

  it('are told anew to one that has started again between a poll and the reading of its owners', async () => {
    const it = rig();
    it.agent.owners = [WEB];
    it.link.want(orderOf(0));
    await it.start();
    it.agent.state = { ...it.agent.state, inventory: { instance: 'first-start', revision: 2 } };
    it.agent.onCall = (name) => {
      if (name === 'GET /v1/owners') it.agent.restart('second-start');
    };
    await it.pass(1_000);
    expect(it.agent.pushes.map(({ asOf }) => asOf)).toEqual(['first-start/0', 'second-start/1000']);
    expect(it.link.view()).toMatchObject({ reach: 'reachable', trouble: undefined });
  });

  it('are told some at a time where they are many, with time to act on each message, and never in a hot loop', async () => {
    const it = rig();
    it.agent.owners = Array.from({ length: 500 }, (_, index) => makeOwner(`shop/pod-${index}/app`));
    it.link.want(orderOf(0));
    await it.start();
    expect(told(it).map(({ length }) => length)).toEqual([200]);
    await it.pass(10_000);
    expect(new Set(told(it).flat()).size).toBe(500);
    expect(told(it).length).toBeLessThan(8);
    await it.pass(60_000);
    expect(told(it).length).toBeLessThan(40);
  });
});
