import { type PolicyStatus, toWireTime } from '@checkpoint-warden/api';
import { POLICIES, type PolicyResource } from '@checkpoint-warden/controller/testing';
import type { Owner } from '@checkpoint-warden/policy';
import { referencePlan } from '@checkpoint-warden/policy/testing';
import type { AgentNode } from './agent-node.ts';
import { overLimits } from './limits-across-nodes.ts';
import { ownerKey } from './truth.ts';
import { leaseOf, type World } from './world.ts';

/** All that is not yet as it must be once nothing has gone wrong for long enough; for people. */
export function unfinished(world: World): string[] {
  const { controllers, nodes, server, truth } = world;
  const leaders = controllers.filter(({ process }) => process?.term?.signal.aborted === false);
  const found: string[] = [];
  if (leaders.length !== 1) found.push(`${leaders.length} controllers lead`);
  const lease = leaseOf(world);
  const leaseCreated = toWireTime(Date.parse(lease?.metadata.creationTimestamp ?? '1970-01-01'));
  const leaseTransitions = lease?.spec?.leaseTransitions ?? 0;
  for (const node of nodes) {
    const state = node.agent?.service.state().state;
    const { epoch, hash } = state?.policy ?? {};
    if (hash !== truth.now(node.name).hash) found.push(`${node.name} does not enforce what it is to`);
    if (epoch?.leaseCreated !== leaseCreated || epoch.leaseTransitions !== leaseTransitions)
      found.push(
        `${node.name} obeys ${JSON.stringify(epoch)}, the leader is ${leaseCreated}/${leaseTransitions}`,
      );
    found.push(
      ...orphansLeft(world, node).map((name) => `${name} on ${node.name} should have gone: orphaned`),
    );
  }
  found.push(...overLimits(world));
  for (const object of server.objects<PolicyResource>(POLICIES)) found.push(...statusProblems(world, object));
  return found;
}

/** Archives whose owner has been gone for longer than the grace, where a rule has them go for that and nothing stands against it. */
function orphansLeft({ truth, clock }: World, node: AgentNode): string[] {
  const nowMs = clock.monotonicMs();
  if (truth.heldSinceMs <= nowMs || truth.podlessSpan(nowMs, nowMs) !== undefined) return [];
  const { store } = node.disk;
  const archives = [...store.files].map(([name, { content }]) => ({
    name,
    node: node.name,
    sizeBytes: content.sizeBytes,
    mtimeMs: content.mtimeMs,
    createdAtMs: content.mtimeMs,
    state: content.structure === 'complete' ? ('complete' as const) : ('incomplete' as const),
    owner: content.owner,
    pinned: store.pins.has(name),
  }));
  const ownerState = ({ namespace, pod, container }: Owner) => {
    const last = truth.presencesOf(ownerKey(namespace, pod, container)).at(-1);
    const goneForMs = nowMs - (last?.toMs ?? Number.NEGATIVE_INFINITY);
    return goneForMs < 0 ? ({ state: 'present' } as const) : ({ state: 'absent', goneForMs } as const);
  };
  const { policy } = truth.now(node.name);
  return referencePlan({
    archives,
    policy,
    nowMs: node.clock.nowMs(),
    ownerState,
    due: new Set(),
    clockTrusted: true,
  })
    .verdicts.filter(({ reason, mode }) => reason === 'orphaned' && mode === 'Enforce')
    .map(({ archive }) => archive.name);
}

/** Where a status does not say what is true. */
function statusProblems({ truth, nodes, clock }: World, { metadata, status }: PolicyResource): string[] {
  const { name, generation } = metadata;
  const found: string[] = [];
  const expect = (what: string, is: unknown, wanted: unknown) => {
    if (is !== wanted) found.push(`status of ${name}: ${what} is ${String(is)}, not ${String(wanted)}`);
  };
  const condition = (type: string) => status?.conditions?.find((each) => each.type === type)?.status;
  const applying = nodes.filter((node) => truth.now(node.name).applies.has(name));
  const isValid = truth.isValid(name);
  const isPerfect = isValid && !nodes.some((node) => truth.now(node.name).imperfect.has(name));
  expect('observedGeneration', status?.observedGeneration, generation);
  expect('Accepted', condition('Accepted'), isPerfect ? 'True' : 'False');
  expect('Enforced', condition('Enforced'), isValid ? (applying.length > 0 ? 'True' : 'Unknown') : 'False');
  for (const each of ['desired', 'ready', 'current'] as const)
    expect(`nodes.${each}`, status?.nodes?.[each], applying.length);
  const files = applying.flatMap(({ disk: { store } }) =>
    [...store.files].map(([file, { content }]) => ({ ...content, pinned: store.pins.has(file) })),
  );
  const { archives, deleted }: PolicyStatus = status ?? {};
  expect('archives.count', archives?.count, files.length);
  expect(
    'archives.bytes',
    archives?.bytes,
    files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  );
  expect('archives.pinned', archives?.pinned, files.filter(({ pinned }) => pinned).length);
  const nowMs = clock.monotonicMs();
  const isJudged = truth.heldSinceMs > nowMs && truth.podlessSpan(nowMs, nowMs) === undefined;
  const orphans = files.filter(({ structure, owner }) => {
    if (structure !== 'complete' || owner === undefined) return false;
    const last = truth.presencesOf(ownerKey(owner.namespace, owner.pod, owner.container)).at(-1);
    return last === undefined || last.toMs < Number.POSITIVE_INFINITY;
  });
  expect('archives.orphaned', archives?.orphaned, isJudged ? orphans.length : 0);
  expect('deleted.count', deleted?.count, deletedBy(name, applying));
  return found;
}

/** Deletions in the audit logs of nodes by the rules of one object. */
function deletedBy(policy: string, nodes: readonly AgentNode[]): number {
  return nodes.reduce((sum, { disk: { audit } }) => {
    const entries = audit.read({ after: 0, limit: Number.MAX_SAFE_INTEGER });
    const done = new Set(
      entries.flatMap((entry) =>
        entry.kind === 'outcome' && entry.result === 'deleted' ? [entry.intent] : [],
      ),
    );
    const mine = entries.filter(
      (entry) => entry.kind === 'intent' && done.has(entry.seq) && entry.rule.startsWith(`${policy}/`),
    );
    return sum + mine.length;
  }, 0);
}
