import type { Component } from '@checkpoint-warden/kit';
import type { HeldOwner } from '../owners/held-owner.ts';
import type { Orders } from '../policies/assign-orders.ts';
import type { AgentLink, AgentLinkPorts } from './agent-link.ts';
import type { AgentPlace } from './agent-place.ts';
import type { AgentView } from './agent-view.ts';

/** The links to all agents. */
export interface AgentFleet extends Component {
  /** Begins and ends links until there is one to each place, and tells each what its agent is to enforce. */
  follow(places: ReadonlyMap<string, AgentPlace>, orders: Orders): void;
  /** Wakes the links to agents that hold archives of a pod; without one, all. */
  wake(podKey?: string): void;
  /** Wakes the links to the agents of these nodes. */
  wakeNodes(nodes: Iterable<string>): void;
  /** How many agents there are. */
  readonly size: number;
  views(): readonly AgentView[];
  /** Another number when `views` would show something else. */
  revision(): number;
}

export interface AgentFleetPorts {
  readonly createLink: (place: AgentPlace, ports: Pick<AgentLinkPorts, 'onOwners'>) => AgentLink;
  /** No agent holds archives of this pod any more. */
  readonly onReleased?: (podKey: string) => void;
  /** A link to the agent of this node has ended; another one may follow. */
  readonly onLeft?: (node: string) => void;
}

interface Member {
  readonly link: AgentLink;
  readonly stop: AbortController;
  isReady: boolean;
}

/** Keeps one link to each agent, and which agents hold archives of which pod. */
export function createAgentFleet({ createLink, onReleased, onLeft }: AgentFleetPorts): AgentFleet {
  const members = new Map<string, Member>();
  const running = new Set<Promise<void>>();
  const holders = new Map<string, Set<string>>();
  /** Of who is in the fleet; what those that left had counted stays in it, so that no sum comes twice. */
  let changes = 0;
  let fleetSignal: AbortSignal | undefined;
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {}); // it is looked at by whoever runs the fleet

  const start = ({ link, stop }: Member, signal: AbortSignal): void => {
    const run = link.run(AbortSignal.any([signal, stop.signal])).catch(broken.reject);
    running.add(run);
    run.finally(() => running.delete(run));
  };

  const index = (node: string, before: readonly HeldOwner[], now: readonly HeldOwner[]): void => {
    for (const { podKey } of before) {
      const nodes = holders.get(podKey);
      nodes?.delete(node);
      if (nodes?.size === 0) holders.delete(podKey);
    }
    for (const { podKey } of now) {
      const nodes = holders.get(podKey) ?? new Set();
      holders.set(podKey, nodes.add(node));
    }
    for (const { podKey } of before) if (!holders.has(podKey)) onReleased?.(podKey);
  };

  const leave = (node: string, { link, stop }: Member): void => {
    stop.abort();
    members.delete(node);
    changes += link.revision + 1;
    index(node, link.view().owners, []);
    onLeft?.(node);
  };

  return {
    follow(places, orders) {
      for (const [node, member] of members) {
        if (places.get(node)?.url !== member.link.place.url) leave(node, member);
      }
      for (const [node, place] of places) {
        let member = members.get(node);
        if (member === undefined) {
          const stop = new AbortController();
          const onOwners = (before: readonly HeldOwner[], now: readonly HeldOwner[]) => {
            if (!stop.signal.aborted) index(node, before, now);
          };
          member = { link: createLink(place, { onOwners }), stop, isReady: false };
          members.set(node, member);
          changes += 1;
          if (fleetSignal !== undefined) start(member, fleetSignal);
        }
        const { isReady = false } = place;
        if (isReady && !member.isReady) member.link.retry();
        member.isReady = isReady;
        const order = orders.byNode.get(node);
        if (order !== undefined) member.link.want(order);
      }
    },
    wake(podKey) {
      const nodes = podKey === undefined ? members.keys() : (holders.get(podKey) ?? []);
      for (const node of nodes) members.get(node)?.link.wake();
    },
    wakeNodes(nodes) {
      for (const node of nodes) members.get(node)?.link.wake();
    },
    get size() {
      return members.size;
    },
    views: () => [...members.values()].map(({ link }) => link.view()),
    revision: () => [...members.values()].reduce((sum, { link }) => sum + link.revision, changes),
    async run(signal) {
      fleetSignal = signal;
      for (const member of members.values()) start(member, signal);
      const aborted = new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.race([aborted, broken.promise]);
      await Promise.all(running);
    },
  };
}
