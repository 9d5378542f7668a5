import { describe, expect, it } from 'vitest';
import type { HeldOwner } from '../owners/held-owner.ts';
import { NO_ORDERS, type Orders } from '../policies/assign-orders.ts';
import { allSettled } from '../testing/all-settled.ts';
import { makeOwner, makeView } from '../testing/make-state.ts';
import { orphanPolicy } from '../testing/orphan-policy.ts';
import { createAgentFleet } from './agent-fleet.ts';
import type { AgentLink } from './agent-link.ts';
import type { AgentPlace } from './agent-place.ts';
import type { PolicyOrder } from './agent-steps.ts';

const WEB = makeOwner('shop/web-0/app');

function rig() {
  const log: string[] = [];
  const left: string[] = [];
  const holds = new Map<string, (owners: readonly HeldOwner[]) => void>();
  const breaks = new Map<string, (error: Error) => void>();
  const fleet = createAgentFleet({
    onReleased: (podKey) => log.push(`${podKey} released`),
    onLeft: (node) => left.push(node),
    createLink(place, { onOwners }): AgentLink {
      let owners: readonly HeldOwner[] = [];
      holds.set(place.url, (now) => {
        const before = owners;
        owners = now;
        onOwners(before, now);
      });
      return {
        place,
        want: ({ hash }) => log.push(`${place.url} wants ${hash}`),
        wake: () => log.push(`${place.url} woken`),
        retry: () => log.push(`${place.url} tried again`),
        revision: 0,
        view: () => makeView(place.node, { place, owners }),
        run: (signal) =>
          new Promise((resolve, reject) => {
            log.push(`${place.url} runs`);
            breaks.set(place.url, reject);
            signal.addEventListener('abort', () => resolve(void log.push(`${place.url} ends`)), {
              once: true,
            });
          }),
      };
    },
  });
  return { fleet, holds, breaks, left, take: () => log.splice(0) };
}

function places(urls: Readonly<Record<string, string>>): ReadonlyMap<string, AgentPlace> {
  return new Map(Object.entries(urls).map(([node, url]) => [node, { node, url, origin: 'test' }]));
}

function orders(byNode: Readonly<Record<string, string>>): Orders {
  const order = (hash: string): PolicyOrder => ({ revision: 1, hash, policy: orphanPolicy(0) });
  return { revision: 1, byNode: new Map(Object.entries(byNode).map(([node, hash]) => [node, order(hash)])) };
}

describe('the fleet', () => {
  it('runs a link to each place, and ends those of places that are not there any more', async () => {
    const { fleet, take } = rig();
    const stop = new AbortController();
    fleet.follow(places({ 'node-1': 'a' }), orders({ 'node-1': 'h1' }));
    expect(take()).toEqual(['a wants h1']);
    const ended = fleet.run(stop.signal);
    fleet.follow(places({ 'node-1': 'a', 'node-2': 'b' }), orders({ 'node-1': 'h1', 'node-2': 'h2' }));
    expect(take()).toEqual(['a runs', 'a wants h1', 'b runs', 'b wants h2']);
    fleet.follow(places({ 'node-1': 'c' }), NO_ORDERS);
    expect(take()).toEqual(['a ends', 'b ends', 'c runs']);
    expect(fleet.views().map(({ place }) => place.url)).toEqual(['c']);
    stop.abort();
    await ended;
    expect(take()).toEqual(['c ends']);
  });

  it('has an agent tried again each time that it becomes ready', () => {
    const { fleet, take } = rig();
    const follow = (isReady: boolean) =>
      fleet.follow(new Map([['node-1', { node: 'node-1', url: 'a', origin: 'test', isReady }]]), NO_ORDERS);
    for (const isReady of [false, true, true, false]) follow(isReady);
    expect(take()).toEqual(['a tried again']);
    follow(true);
    expect(take()).toEqual(['a tried again']);
  });

  it('wakes the links to all nodes that hold archives of a pod, wherever that ran', () => {
    const { fleet, holds, take } = rig();
    fleet.follow(places({ 'node-1': 'a', 'node-2': 'b', 'node-3': 'c' }), NO_ORDERS);
    holds.get('a')?.([WEB, makeOwner('shop/web-0/log')]);
    holds.get('b')?.([WEB]);
    fleet.wake('shop/web-0');
    expect(take()).toEqual(['a woken', 'b woken']);
    holds.get('a')?.([]);
    fleet.wake('shop/web-0');
    fleet.wake('shop/web-1');
    expect(take()).toEqual(['b woken']);
    fleet.wake();
    expect(take()).toEqual(['a woken', 'b woken', 'c woken']);
  });

  it('wakes the links to some nodes, and tells of which nodes links have ended before another begins', () => {
    const { fleet, left, take } = rig();
    fleet.follow(places({ 'node-1': 'a', 'node-2': 'b', 'node-3': 'c' }), NO_ORDERS);
    fleet.wakeNodes(['node-3', 'node-1', 'node-9']);
    expect(take()).toEqual(['c woken', 'a woken']);
    fleet.follow(places({ 'node-1': 'd', 'node-2': 'b' }), NO_ORDERS);
    expect(left).toEqual(['node-1', 'node-3']);
  });

  it('forgets what a node held when its link ends, and does not listen to that any more', () => {
    const { fleet, holds, take } = rig();
    fleet.follow(places({ 'node-1': 'a' }), NO_ORDERS);
    holds.get('a')?.([WEB]);
    fleet.follow(places({ 'node-1': 'b' }), NO_ORDERS);
    fleet.wake('shop/web-0');
    holds.get('a')?.([WEB]);
    fleet.wake('shop/web-0');
    expect(take()).toEqual(['shop/web-0 released']);
  });

  it('releases a pod when the last node that held archives of it holds none any more', () => {
    const { fleet, holds, take } = rig();
    fleet.follow(places({ 'node-1': 'a', 'node-2': 'b' }), NO_ORDERS);
    holds.get('a')?.([WEB]);
    holds.get('b')?.([WEB]);
    holds.get('a')?.([]);
    expect(take()).toEqual([]);
    holds.get('b')?.([makeOwner('shop/web-1/app')]);
    expect(take()).toEqual(['shop/web-0 released']);
  });

  it('fails with a link that fails', async () => {
    const { fleet, breaks } = rig();
    const ended = fleet.run(new AbortController().signal);
    fleet.follow(places({ 'node-1': 'a' }), NO_ORDERS);
    breaks.get('a')?.(new Error('a bug'));
    await expect(ended).rejects.toThrow('a bug');
    await allSettled();
  });
});
