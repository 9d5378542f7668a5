import { createHash } from 'node:crypto';
import {
  changedGroups,
  formatMoment,
  fromWireTime,
  type GroupsPage,
  type GroupsQuery,
  type NewestAnswer,
  type NewestRequest,
  type OwnersPage,
  type OwnersPush,
  type OwnersQuery,
  type PolicyPush,
  parseConfirmation,
  parseMoment,
  type RemoteArchivesPush,
  type RemoteGroup,
  type State,
  type WireOwnersInForce,
  type WirePolicyInForce,
  type WireRemoteArchivesInForce,
} from '@checkpoint-warden/api';
import { AppError } from '@checkpoint-warden/errors';
import type { Clock, Logger } from '@checkpoint-warden/kit';
import { groupKey } from '@checkpoint-warden/policy';
import type { Agent } from '../agent.ts';
import type { ClockGuard } from '../clock-guard.ts';
import type { GroupReport } from '../groups/group-report.ts';
import { areRemoteFactsFresh, type RemoteArchives } from '../groups/remote-archives.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { isFresh, type OwnerFacts } from '../owners/owner-facts.ts';
import type { ControlState, Message } from '../policy/control-state.ts';
import { compareEpochs } from '../policy/policy-in-force.ts';
import { describeState, type StatePorts } from './describe-state.ts';
import { distinctOwners } from './distinct-owners.ts';
import { pageOf } from './page-of.ts';
import { requireControlled } from './require-controlled.ts';
import { requireOwnNode } from './require-own-node.ts';
import { requireReady } from './require-ready.ts';
import { fromWireEpoch, toWireGroupArchive, toWirePolicyInForce } from './wire-forms.ts';

/** What the service reads and changes. */
export interface ServicePorts extends StatePorts {
  /** Another text after each start, so that nobody takes revisions and moments of two starts for those of one. */
  readonly instance: string;
  readonly agent: Pick<Agent, 'status' | 'enforce' | 'confirmPolicy' | 'rescan' | 'reconsider'>;
  readonly inventory: Pick<Inventory, 'revision' | 'archives'>;
  readonly owners: Pick<OwnerFacts, 'replace'>;
  readonly remoteArchives: Pick<
    RemoteArchives,
    'held' | 'groups' | 'replace' | 'renew' | 'isFresh' | 'namespaces'
  >;
  readonly control: ControlState;
  /** Whether the policy comes from a file, so that nothing may be pushed. */
  readonly policyFromFile: boolean;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly clockGuard: Pick<ClockGuard, 'compareWith'>;
  readonly log: Logger;
}

/** What `GET /v1/state` answers. */
export interface StateAnswer {
  readonly state: State;
  /** Stands for the whole state. */
  readonly etag: string;
  /** Now, as {@link formatMoment} writes it. */
  readonly moment: string;
}

/**
 * What the controller needs of an agent, without the transport: bodies are as their schemas say, what is refused is an
 * AppError. See {@link createAgentService}.
 */
export interface AgentService {
  /**
   * @param confirms - as `formatConfirmation` writes it: the archives of other nodes count for longer if it is about those that
   * are held. Nothing else changes, and whatever else it says is passed over: a poll is answered in any case.
   */
  state(confirms?: string): StateAnswer;
  /**
   * Puts a policy in force once it is stored, and only one that is newer than any before (safety rule 8).
   *
   * @throws AppError `CW_ERR_POLICY_FROM_FILE`, `CW_ERR_AGENT_NODE`, `CW_ERR_STALE_REVISION`, `CW_ERR_STATE_UNWRITABLE`
   */
  putPolicy(push: PolicyPush): WirePolicyInForce;
  /** @throws AppError `CW_ERR_NOT_READY` */
  listOwners(query: OwnersQuery): OwnersPage;
  /**
   * Takes note of which owners are gone, as of the moment that the message says, and only while that is fresh.
   *
   * @throws AppError `CW_ERR_POLICY_FROM_FILE`, `CW_ERR_AGENT_NODE`, `CW_ERR_STALE_FACTS`, `CW_ERR_STALE_REVISION`, `CW_ERR_STATE_UNWRITABLE`
   */
  putOwners(push: OwnersPush): WireOwnersInForce;
  /** @throws AppError `CW_ERR_NOT_READY` */
  listGroups(query: GroupsQuery): GroupsPage;
  /** @throws AppError `CW_ERR_NOT_READY` */
  newestOf(request: NewestRequest): NewestAnswer;
  /**
   * Takes note of the archives of other nodes, as of the moment that the message says, and only while that is fresh.
   *
   * @throws AppError as `putOwners`
   */
  putRemoteArchives(push: RemoteArchivesPush): WireRemoteArchivesInForce;
}

/** Version of the report of a node without groups. */
const NO_GROUPS = 'none';

/** Makes the service of an agent. */
export function createAgentService(ports: ServicePorts): AgentService {
  const { agent, inventory, owners, remoteArchives, groups, control, policyFromFile } = ports;
  const { clock, clockGuard, instance, node, log } = ports;
  return {
    state(confirms) {
      if (confirms !== undefined) renewRemoteArchives(confirms);
      const state = describeState(ports);
      const hash = createHash('sha256').update(JSON.stringify(state)).digest('base64url');
      return {
        state,
        etag: `"${hash}"`,
        moment: formatMoment({ instance, monotonicMs: clock.monotonicMs() }),
      };
    },

    putPolicy({ node: addressed, epoch, revision, sentAt, policy }) {
      requireControlled(policyFromFile);
      requireOwnNode(node, addressed);
      const accepted = control.acceptPolicy({ epoch: fromWireEpoch(epoch), revision, policy });
      clockGuard.compareWith(fromWireTime(sentAt));
      if (accepted.isNew) {
        const { hash } = accepted.policy;
        log.info({ epoch, revision, hash, rules: policy.rules.length }, 'policy from the controller');
        agent.enforce(accepted.policy);
      } else {
        agent.confirmPolicy();
      }
      return toWirePolicyInForce(accepted.policy);
    },

    listOwners(query) {
      requireReady(agent);
      const distinct = distinctOwners(inventory.archives());
      const { items, ...rest } = pageOf(distinct, (owner) => groupKey('container', owner), query);
      return { inventory: { instance, revision: inventory.revision }, owners: [...items], ...rest };
    },

    putOwners({ node: addressed, epoch, revision, sentAt, asOf, absent }) {
      requireControlled(policyFromFile);
      requireOwnNode(node, addressed);
      // Before its order is stored: what is refused changes nothing.
      const asOfMs = freshMoment(asOf, isFresh, 'ask the API server');
      const content = JSON.stringify({ asOf, absent });
      const { isNew } = control.acceptOwners({ epoch: fromWireEpoch(epoch), revision, content });
      clockGuard.compareWith(fromWireTime(sentAt));
      if (isNew) {
        const facts = absent.map(({ absentSince, confirmedAt, ...owner }) => ({
          ...owner,
          goneForMs: fromWireTime(confirmedAt) - fromWireTime(absentSince),
        }));
        owners.replace(facts, asOfMs);
        log.debug({ epoch, revision, asOf, absent: facts.length }, 'owner states from the controller');
        agent.rescan();
      }
      return { epoch, revision };
    },

    listGroups(query) {
      requireReady(agent);
      const { version, groups: reported } = currentGroups();
      const { items, ...rest } = pageOf(reported, ({ group, rule }) => `${group} ${rule}`, query);
      return {
        inventory: { instance, revision: inventory.revision },
        version: version ?? NO_GROUPS,
        groups: items.map(({ newest, due, ...figures }) => figures),
        ...rest,
      };
    },

    newestOf({ groups: asked }) {
      requireReady(agent);
      const report = currentGroups();
      const found = asked.flatMap(({ group, rule }) => report.find(group, rule) ?? []);
      return {
        inventory: { instance, revision: inventory.revision },
        groups: found.map(({ group, rule, version, due, newest }) => ({
          group,
          rule,
          version,
          due: [...due],
          archives: newest.map(toWireGroupArchive),
        })),
      };
    },

    putRemoteArchives({ node: addressed, epoch, revision, sentAt, asOf, olderMs, groups: told, changes }) {
      requireControlled(policyFromFile);
      requireOwnNode(node, addressed);
      const isFreshThen = (asOfMs: number, nowMs: number): boolean =>
        asOfMs <= nowMs && areRemoteFactsFresh(asOfMs - olderMs, nowMs);
      const sinceMs = freshMoment(asOf, isFreshThen, 'ask the other nodes') - olderMs;
      const message = { epoch: fromWireEpoch(epoch), revision };
      const said = changes === undefined ? { groups: told } : { groups: told, changes };
      const all = groupsAfter(message, said);
      const content = JSON.stringify({ asOf, olderMs, ...said });
      const { isNew } = control.acceptRemoteArchives({ ...message, content });
      clockGuard.compareWith(fromWireTime(sentAt));
      if (isNew) {
        agent.reconsider(remoteArchives.replace({ ...message, sinceMs, groups: all }, clock.monotonicMs()));
        log.debug(
          { epoch, revision, asOf, olderMs, groups: all.length, told: told.length },
          'archives of other nodes',
        );
      }
      return { epoch, revision };
    },
  };

  /** All groups after a message: changes mean nothing beside what they are not changes of. */
  function groupsAfter(
    message: Message,
    said: Pick<RemoteArchivesPush, 'groups' | 'changes'>,
  ): RemoteGroup[] {
    const { held, groups: known } = remoteArchives;
    const isHeld = (revision: number): boolean =>
      held?.revision === revision && compareEpochs(held.epoch, message.epoch) === 0;
    if (said.changes === undefined || isHeld(said.changes.of))
      return changedGroups(said.changes ? known : [], said);
    if (isHeld(message.revision)) return [...known]; // it is a repetition
    throw new AppError(
      'CW_ERR_STALE_FACTS',
      `these are changes of revision ${said.changes.of}, and ${held === undefined ? 'nothing' : `revision ${held.revision}`} is known here: say all`,
    );
  }

  function currentGroups(): GroupReport {
    return groups.under(agent.status().policy.policy);
  }

  /**
   * Lets the archives of other nodes count for longer. A leader that another one has followed may have old news, so it is not
   * listened to any more.
   */
  function renewRemoteArchives(confirms: string): void {
    const confirmation = parseConfirmation(confirms);
    const moment = confirmation && parseMoment(confirmation.asOf);
    if (confirmation === undefined || moment?.instance !== instance) return;
    const nowMs = clock.monotonicMs();
    if (moment.monotonicMs > nowMs || control.isOutranked(confirmation.epoch)) return;
    const wasFresh = remoteArchives.isFresh(nowMs);
    remoteArchives.renew({ ...confirmation, sinceMs: moment.monotonicMs - confirmation.olderMs });
    if (!wasFresh && remoteArchives.isFresh(nowMs)) agent.reconsider(remoteArchives.namespaces);
  }

  /**
   * @param isFreshThen - whether facts of a moment are fresh now, monotonic ms
   * @param ask - what to do for new facts
   * @returns the moment by the agent's clock
   */
  function freshMoment(
    asOf: string,
    isFreshThen: (asOfMs: number, nowMs: number) => boolean,
    ask: string,
  ): number {
    const moment = parseMoment(asOf);
    const now = { instance, monotonicMs: clock.monotonicMs() };
    if (moment?.instance === instance && isFreshThen(moment.monotonicMs, now.monotonicMs))
      return moment.monotonicMs;
    throw new AppError(
      'CW_ERR_STALE_FACTS',
      `the facts are as of ${asOf}, and it is ${formatMoment(now)}: take a new moment and ${ask} again`,
    );
  }
}
