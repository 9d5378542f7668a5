import { archiveFileName } from '@checkpoint-warden/agent/testing';
import { HOLD_ORPHANS, POLICIES } from '@checkpoint-warden/controller/testing';
import { LEASES, type Lease, NODES, type Node, PODS, type Pod } from '@checkpoint-warden/kube';
import type { Owner } from '@checkpoint-warden/policy';
import type { AgentNode } from './agent-node.ts';
import { FINE } from './api-conditions.ts';
import {
  LEASE,
  ORPHAN_SPECS,
  ownersOf,
  POD_TEMPLATES,
  POLICY_NAMES,
  POOLS,
  type PodTemplate,
  policyObject,
  SPECS,
} from './stage.ts';
import { type ControllerSlot, leaseOf, type World } from './world.ts';

/** Something that happens in the world. @returns what exactly, for the trace; `undefined`: nothing, as it could not */
type Step = (world: World) => string | undefined | Promise<string>;

const OWNERS = POD_TEMPLATES.flatMap(ownersOf);
const LONG_GONE: readonly Owner[] = [{ namespace: 'dev', pod: 'job-old', container: 'main' }];

/** What users, the cluster and time do. */
export const DEEDS: Readonly<Record<string, Step>> = {
  'archive comes': (world) => putArchive(world, world.random.pick(OWNERS)),
  'archive of a pod long gone': (world) => putArchive(world, world.random.pick(LONG_GONE)),
  'archives of one pod': (world) => {
    const owner = world.random.pick(OWNERS);
    return [0, 1, 2].map(() => putArchive(world, owner)).join(', ');
  },
  'archives come on all nodes': async (world) => {
    const came = putArchivesEverywhere(world, world.random.pick(POD_TEMPLATES).namespace);
    await world.run(world.random.pick([1_000, 16_000, 32_000]));
    return came;
  },
  'limits change while archives come': async (world) => {
    const { random } = world;
    const { namespace } = random.pick(POD_TEMPLATES);
    const first = putArchivesEverywhere(world, namespace);
    await world.run(random.pick([6_000, 16_000]));
    const written = writePolicy(world, 'default', random.pick(SPECS.valid.slice(ORPHAN_SPECS)));
    await world.run(random.pick([0, 700, 1_500]));
    return `${first}, ${written}, ${putArchivesEverywhere(world, namespace)}`;
  },
  'archive begins': (world) => putArchive(world, world.random.pick(OWNERS), 'incomplete'),
  'archive is copied or moved': (world) => {
    const [from, name] = anArchive(world);
    const to = world.random.pick(world.nodes);
    const content = name === undefined ? undefined : from.disk.store.files.get(name)?.content;
    if (name === undefined || content === undefined || from === to) return undefined;
    to.disk.store.put(name, content);
    to.agent?.agent.hint(name);
    const isMove = world.random.below(2) === 0;
    if (isMove) {
      from.disk.store.erase(name);
      from.agent?.agent.hint(name);
    }
    return `${isMove ? 'move' : 'copy'} ${name} from ${from.name} to ${to.name}`;
  },
  'archive is pinned or unpinned': (world) => {
    const [node, name] = anArchive(world);
    if (name === undefined) return undefined;
    const { store } = node.disk;
    const isPinned = store.pins.has(name);
    if (isPinned) store.unpin(name);
    else store.pin(name);
    node.agent?.agent.hint(`${name}.keep`);
    return `${isPinned ? 'unpin' : 'pin'} ${name} on ${node.name}`;
  },
  'archive is truncated or replaced': (world) => {
    const [node, name] = anArchive(world);
    const content = name === undefined ? undefined : node.disk.store.files.get(name)?.content;
    if (name === undefined || content?.owner === undefined) return undefined;
    const structure = world.random.pick(['complete', 'incomplete'] as const);
    node.disk.store.put(name, { ...content, structure, mtimeMs: node.clock.nowMs() });
    if (world.random.below(3) > 0) node.agent?.agent.hint(name);
    return `${name} on ${node.name} is ${structure} now`;
  },
  'pod comes or goes': (world) => {
    const template = world.random.pick(POD_TEMPLATES);
    return podExists(world, template) ? removePod(world, template) : putPod(world, template);
  },
  'pod goes': (world) => removePod(world, world.random.pick(POD_TEMPLATES)),
  'pod is made anew': async (world) => {
    const template = world.random.pick(POD_TEMPLATES);
    const gone = removePod(world, template) ?? 'it was not there';
    const pauseMs = world.random.pick([0, 3, 1_000, 8_000]);
    if (pauseMs > 0) await world.run(pauseMs);
    return `${gone}, ${pauseMs} ms later ${putPod(world, template)}`;
  },
  'pod flickers': async (world) => {
    const [template, gone] = await goneForAWhile(world);
    putPod(world, template, true);
    await world.run(world.random.pick([0, 3, 500]));
    return `${gone}, comes, and ${removePod(world, template)}`;
  },
  'container comes': (world) => {
    const template = world.random.pick(POD_TEMPLATES);
    return podExists(world, template) ? putPod(world, template, true) : undefined;
  },
  'namespace is emptied': (world) => {
    const { namespace } = world.random.pick(POD_TEMPLATES);
    for (const template of POD_TEMPLATES) if (template.namespace === namespace) removePod(world, template);
    return namespace;
  },
  'policy is written': (world) => {
    const { random } = world;
    const name = random.pick(POLICY_NAMES);
    const specs = random.below(8) === 0 ? SPECS.invalid : SPECS.valid;
    const index = random.below(random.below(2) === 0 ? Math.min(ORPHAN_SPECS, specs.length) : specs.length);
    return writePolicy(world, name, specs[index] ?? {});
  },
  'policy is deleted': (world) => {
    const { random, server } = world;
    const objects = server.objects(POLICIES);
    if (objects.length < 2 && random.below(3) > 0) return undefined;
    const name = objects[random.below(Math.max(1, objects.length))]?.metadata.name;
    if (name === undefined) return undefined;
    world.change(() => server.remove(POLICIES, { name }));
    return name;
  },
  'node is labelled': (world) => {
    const { random, server, nodes } = world;
    const { name } = random.pick(nodes);
    const pool = random.pick(POOLS);
    world.change(() => server.put<Node>(NODES, { metadata: { name, labels: { pool } } }));
    return `${name} ${pool}`;
  },
  'time passes': async (world) => {
    const ms = world.random.pick([2_000, 11_000, 30_000, 65_000]);
    await world.run(ms);
    return `${ms} ms`;
  },
};

/** What goes wrong. A walk has some of them, so that not all of them get in each other's way. */
export const FAULTS: Readonly<Record<string, Step>> = {
  'agent is killed': (world) => {
    const node = world.random.pick(world.nodes);
    node.agent?.kill();
    node.agent = undefined;
    if (world.random.below(3) > 0) world.startAgent(node);
    return `${node.name}, ${node.agent === undefined ? 'for the time being' : 'and started again'}`;
  },
  'agent moves': (world) => {
    if (world.isFixed) return undefined;
    const node = world.random.pick(world.nodes);
    node.agent?.kill();
    node.host = `10.0.${1 + world.random.below(200)}.${1 + world.random.below(250)}:9464`;
    world.startAgent(node);
    world.putAgentPod(node);
    return `${node.name} to ${node.host}`;
  },
  'controller crashes': (world) => {
    const slot = aController(world);
    if (slot.process === undefined) return undefined;
    slot.process.crash();
    slot.process = undefined;
    if (world.random.below(2) === 0) world.startController(slot);
    return `${slot.name}, ${slot.process === undefined ? 'for the time being' : 'and starts again'}`;
  },
  'controller will crash': (world) => {
    const slot = aController(world);
    const calls = 1 + world.random.below(40);
    slot.process?.gate.lightFuse(calls);
    return `${slot.name} at call ${calls}`;
  },
  'controller stops': async (world) => {
    const slot = aController(world);
    const { process } = slot;
    if (process === undefined || process.gate.paused) return `${slot.name} does not run`;
    slot.process = undefined;
    void process.stop();
    await world.run(200);
    world.startController(slot);
    return `${slot.name} and starts again`;
  },
  'controller is paused': async (world) => {
    const slot = aController(world);
    const ms = world.random.pick([4_000, 12_000, 24_000, 40_000]);
    const { process } = slot;
    const seesAgain = process?.watches.goBlind();
    process?.gate.pause();
    await world.run(ms);
    process?.gate.resume();
    seesAgain?.();
    return `${slot.name} for ${ms} ms`;
  },
  'controller cut off from the API server': (world) => {
    const slot = aController(world);
    slot.conditions.cut = !slot.conditions.cut;
    if (slot.conditions.cut) slot.process?.watches.killSilently();
    return `${slot.name} ${slot.conditions.cut}`;
  },
  'controller cut off from an agent': (world) => {
    const slot = aController(world);
    const { host } = world.random.pick(world.nodes);
    if (!slot.unreachable.delete(host)) slot.unreachable.add(host);
    return `${slot.name} from ${host} ${slot.unreachable.has(host)}`;
  },
  'agents are left alone': async (world) => {
    const { random, nodes, controllers } = world;
    const { namespace } = random.pick(POD_TEMPLATES);
    const first = putArchivesEverywhere(world, namespace);
    await world.run(random.pick([6_000, 16_000]));
    for (const { unreachable } of controllers) for (const { host } of nodes) unreachable.add(host);
    const ms = random.pick([40_000, 58_000, 62_000, 75_000]);
    await world.run(ms);
    const then = putArchivesEverywhere(world, namespace);
    await world.run(random.pick([0, 2_000]));
    for (const { unreachable } of controllers) unreachable.clear();
    return `${first}, for ${ms} ms, ${then}`;
  },
  'network is bad': (world) => {
    world.network.flaky = world.random.pick([0.05, 0.3, 0.7]);
    return `${world.network.flaky}`;
  },
  'API server is down': async (world) => {
    for (const { conditions } of world.controllers) conditions.down = true;
    world.server.breakWatches('error');
    const ms = world.random.pick([3_000, 15_000, 45_000]);
    await world.run(ms);
    for (const { conditions } of world.controllers) conditions.down = false;
    return `for ${ms} ms`;
  },
  'API server is bad': (world) => {
    for (const { conditions } of world.controllers) conditions.flaky = world.random.pick([0.02, 0.2, 0.6]);
    return world.controllers.map(({ conditions }) => conditions.flaky).join(', ');
  },
  'events are late': (world) => {
    const lagMs = world.random.pick([50, 2_000, 20_000]);
    for (const { conditions } of world.controllers) conditions.lagMs = lagMs;
    world.server.breakWatches('clean');
    return `${lagMs} ms`;
  },
  'lists are wrong': (world) => {
    const { conditions } = aController(world);
    conditions.lists = world.random.pick(['old', 'no-pods']);
    if (world.random.below(2) === 0) world.server.compact();
    world.server.breakWatches('error');
    return conditions.lists;
  },
  'a resource may not be listed': (world) => {
    const { plural } = world.random.pick([POLICIES, NODES, PODS]);
    for (const { conditions } of world.controllers) conditions.forbidden = plural;
    const slot = aController(world);
    slot.process?.crash();
    world.startController(slot);
    return `${plural}, and ${slot.name} starts again`;
  },
  'watches end': (world) => {
    const kind = world.random.pick(['clean', 'error'] as const);
    world.server.breakWatches(kind);
    return kind;
  },
  'watches die silently': (world) => {
    const slot = aController(world);
    slot.process?.watches.killSilently();
    return slot.name;
  },
  'pod comes back unseen': async (world) => {
    const [template, gone] = await goneForAWhile(world);
    const flaky = world.random.pick([0, 0.4]);
    for (const { process, conditions } of world.controllers) {
      process?.watches.killSilently();
      conditions.flaky = flaky;
    }
    return `${gone}, watches die, ${putPod(world, template, true)}`;
  },
  'pod flickers in a gap': async (world) => {
    const [template, gone] = await goneForAWhile(world);
    world.server.breakWatches('error');
    putPod(world, template, true);
    await world.run(world.random.pick([0, 300]));
    const goneAgain = removePod(world, template);
    world.server.compact();
    return `${gone}, in a gap comes and ${goneAgain}`;
  },
  'history is compacted': (world) => {
    world.server.compact();
    world.server.breakWatches('error');
    return 'and watches broken';
  },
  'etcd is restored': (world) => {
    const snapshot = world.backups[world.random.below(Math.max(1, world.backups.length))];
    if (snapshot === undefined) return undefined;
    restore(world, snapshot);
    return `to version ${snapshot.version}`;
  },
  'etcd is restored with a higher version': (world) => {
    const snapshot = world.backups[world.random.below(Math.max(1, world.backups.length))];
    if (snapshot === undefined) return undefined;
    // As the manual says: hold first, and again afterwards, as the backup knows of no hold.
    restore(world, { ...snapshot, version: world.server.snapshot().version + 1_000 });
    hold(world, 'a restore');
    return `to version ${snapshot.version}`;
  },
  'etcd begins empty': (world) => {
    const { version } = world.server.snapshot();
    restore(world, { version: world.random.below(2) === 0 ? 1 : version + 1_000, objects: new Map() });
    for (const { name } of world.nodes) {
      world.change((server) => server.put<Node>(NODES, { metadata: { name, labels: { pool: 'gpu' } } }));
    }
    world.change((server) => server.put(POLICIES, policyObject('default', SPECS.valid[0] ?? {})));
    return 'and policies come first';
  },
  'Node object is deleted': async (world) => {
    const { random, nodes, isFixed } = world;
    // Somebody who begins to lead then cannot know that they are nodes of the cluster.
    if (isFixed) return 'and stays: the agents are no pods';
    const { name } = random.pick(nodes);
    const node = world.server.objects<Node>(NODES).find(({ metadata }) => metadata.name === name);
    const labels = node?.metadata.labels ?? {};
    world.change((server) => server.remove(NODES, { name }));
    const written =
      random.below(2) === 0 ? writePolicy(world, 'default', random.pick(SPECS.valid)) : 'the policies stay';
    const ms = random.pick([700, 6_000, 20_000]);
    await world.run(ms);
    world.change((server) => server.put<Node>(NODES, { metadata: { name, labels } }));
    return `${name} for ${ms} ms, and ${written}`;
  },
  'Lease is deleted': (world) => {
    world.truth.restoring();
    world.change((server) => server.remove(LEASES, LEASE));
    return '';
  },
  'orphans are held': (world) => {
    hold(world, 'an administrator');
    return '';
  },
  'orphans are held no more': (world) => {
    unhold(world);
    return '';
  },
  'disk is full': (world) => {
    const node = world.random.pick(world.nodes);
    node.full[world.random.pick(['control', 'audit'] as const)] = true;
    return `${node.name} ${JSON.stringify(node.full)}`;
  },
  'archives cannot be read': (world) => {
    const [node, name] = anArchive(world);
    if (name === undefined || world.random.below(3) === 0) node.disk.store.faults.list = true;
    else node.disk.store.faults.archives.add(name);
    return `${node.name} ${node.disk.store.faults.list ? 'all' : name}`;
  },
  'clock of a node steps': async (world) => {
    const node = world.random.pick(world.nodes);
    node.clock.offsetMs += world.random.pick([-3_600_000, -30_000, 30_000, 3_600_000]);
    node.steppedMs = world.clock.monotonicMs();
    // It looks before the clock can step back, which nobody could notice.
    node.agent?.agent.rescan();
    await world.run(1);
    return `${node.name} by now ${node.clock.offsetMs} ms`;
  },
  'clock of a controller steps': (world) => {
    const { name, clock } = aController(world);
    clock.offsetMs += world.random.pick([-3_600_000, -60_000, 60_000, 3_600_000]);
    return `${name} by now ${clock.offsetMs} ms`;
  },
};

/** Puts everything right: faults end, what does not run is started, clocks are set. */
export function heal(world: World): void {
  world.network.flaky = 0;
  for (const slot of world.controllers) {
    Object.assign(slot.conditions, FINE);
    slot.unreachable.clear();
    slot.clock.offsetMs = 0;
    if (slot.process?.gate.crashed !== false) {
      slot.process?.crash();
      world.startController(slot);
    }
    slot.process?.gate.lightFuse(Number.POSITIVE_INFINITY);
  }
  for (const node of world.nodes) {
    node.full.control = false;
    node.full.audit = false;
    node.disk.store.faults.list = false;
    node.disk.store.faults.archives.clear();
    if (node.clock.offsetMs !== 0) node.steppedMs = world.clock.monotonicMs();
    node.clock.offsetMs = 0;
    if (node.agent === undefined) world.startAgent(node);
    world.putAgentPod(node);
  }
  // What lists said wrongly is said rightly only when they are made again.
  world.server.compact();
  world.server.breakWatches('error');
}

/**
 * An agent that has obeyed a leader of a Lease created later than the one that a backup brought back obeys no leader of that
 * one. The administrator does as the controller's message says, whenever there is one, and has the Lease made anew: messages of
 * before the restore may arrive long after it.
 */
export function obeyAgain(world: World): void {
  if (world.truth.restores === 0) return;
  const created = Date.parse(leaseOf(world)?.metadata.creationTimestamp ?? '');
  const obeyed = world.nodes.flatMap(({ agent }) => {
    const { policy, owners } = agent?.service.state().state ?? {};
    return [policy?.epoch, owners?.epoch].map((epoch) => Date.parse(epoch?.leaseCreated ?? ''));
  });
  if (!obeyed.some((ms) => ms > created)) return;
  world.truth.restoring();
  world.change((server) => server.remove(LEASES, LEASE));
}

/** Some archive on some node. */
function anArchive({ random, nodes }: World): [AgentNode, string | undefined] {
  const node = random.pick(nodes);
  const names = [...node.disk.store.files.keys()];
  return [node, names.length === 0 ? undefined : random.pick(names)];
}

/** Mostly the leader: that is where faults matter. */
function aController({ random, controllers }: World): ControllerSlot {
  const leader = controllers.find(({ process }) => process?.term !== undefined);
  return leader !== undefined && random.below(4) > 0 ? leader : random.pick(controllers);
}

function writePolicy(world: World, name: string, spec: Parameters<typeof policyObject>[1]): string {
  world.change((server) => {
    const before = server.objects(POLICIES).find(({ metadata }) => metadata.name === name);
    server.put(POLICIES, { ...before, ...policyObject(name, spec) });
  });
  return `${name}: ${JSON.stringify(spec)}`;
}

/** An archive of a namespace on each node. */
function putArchivesEverywhere(world: World, namespace: string): string {
  const owners = OWNERS.filter((owner) => owner.namespace === namespace);
  return world.nodes.map((node) => putArchive(world, world.random.pick(owners), 'complete', node)).join(', ');
}

function putArchive(
  world: World,
  owner: Owner,
  structure: 'complete' | 'incomplete' = 'complete',
  node = world.random.pick(world.nodes),
): string {
  const { random, nodes } = world;
  const index = nodes.indexOf(node);
  // On each node another one, or they were copies of each other.
  const before = 1 + nodes.length * node.disk.store.files.size + index;
  const name = archiveFileName(owner, new Date(node.clock.nowMs() - 1_000 * before));
  const content = {
    structure,
    owner,
    sizeBytes: (1 + random.below(3)) * 2 ** 20,
    mtimeMs: node.clock.nowMs(),
  };
  if (nodes.some(({ disk }) => disk.store.files.has(name))) return 'it is there already';
  node.disk.store.put(name, content);
  if (random.below(4) > 0) node.agent?.agent.hint(name);
  return `${name} on ${node.name}`;
}

/** A pod that archives are of goes, and is seen to be gone. */
async function goneForAWhile(world: World): Promise<[PodTemplate, string]> {
  const template = world.random.pick(POD_TEMPLATES);
  for (const owner of ownersOf(template)) putArchive(world, owner);
  const gone = removePod(world, template) ?? `${template.namespace}/${template.name} is not there`;
  await world.run(world.random.pick([2_000, 6_000, 9_000, 20_000, 50_000]));
  return [template, gone];
}

function podExists({ server }: World, { namespace, name }: PodTemplate): boolean {
  return server
    .objects(PODS)
    .some(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
}

export function putPod(world: World, template: PodTemplate, withLater = false): string {
  const { namespace, name, containers, later } = template;
  const pod: Pod = {
    metadata: { namespace, name },
    spec: {
      nodeName: world.random.pick(world.nodes).name,
      containers: containers.map((container) => ({ name: container })),
      ...(withLater ? { ephemeralContainers: [{ name: later }] } : {}),
    },
    status: { phase: 'Running' },
  };
  world.change((server) => server.put(PODS, pod));
  return `${namespace}/${name} is there${withLater ? ` with ${later}` : ''}`;
}

function removePod(world: World, template: PodTemplate): string | undefined {
  const { namespace, name } = template;
  if (!podExists(world, template)) return undefined;
  world.change((server) => server.remove(PODS, { namespace, name }));
  return `${namespace}/${name} goes`;
}

export function backUp(world: World): void {
  const snapshot = world.server.snapshot();
  world.backups.push(snapshot);
  world.past ??= snapshot;
}

function restore(world: World, snapshot: World['backups'][number]): void {
  world.truth.restoring();
  world.past = undefined;
  world.change((server) => server.restore(snapshot));
}

function hold(world: World, why: string): void {
  const lease: Lease = leaseOf(world) ?? { metadata: LEASE, spec: {} };
  const annotations = { ...lease.metadata.annotations, [HOLD_ORPHANS]: why };
  world.change((server) => server.put(LEASES, { ...lease, metadata: { ...lease.metadata, annotations } }));
}

export function unhold(world: World): void {
  const lease = leaseOf(world);
  if (lease?.metadata.annotations === undefined) return;
  const { [HOLD_ORPHANS]: _, ...annotations } = lease.metadata.annotations;
  world.truth.forgive();
  world.change((server) => server.put(LEASES, { ...lease, metadata: { ...lease.metadata, annotations } }));
}
