import { createHash } from 'node:crypto';
import {
  formatMoment,
  fromWireTime,
  type OwnersPage,
  type OwnersPush,
  type OwnersQuery,
  type PolicyPush,
  parseMoment,
  type State,
  type WireOwnersInForce,
  type WirePolicyInForce,
} from '@checkpoint-warden/api';
import { AppError } from '@checkpoint-warden/errors';
import type { Clock, Logger } from '@checkpoint-warden/kit';
import { groupKey } from '@checkpoint-warden/policy';
import type { Agent } from '../agent.ts';
import type { ClockGuard } from '../clock-guard.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { isFresh, type OwnerFacts } from '../owners/owner-facts.ts';
import type { ControlState } from '../policy/control-state.ts';
import { describeState, type StatePorts } from './describe-state.ts';
import { distinctOwners } from './distinct-owners.ts';
import { pageOf } from './page-of.ts';
import { requireControlled } from './require-controlled.ts';
import { requireOwnNode } from './require-own-node.ts';
import { requireReady } from './require-ready.ts';
import { fromWireEpoch, toWirePolicyInForce } from './wire-forms.ts';

/** What the service reads and changes. */
export interface ServicePorts extends StatePorts {
  /** Another text after each start, so that nobody takes revisions and moments of two starts for those of one. */
  readonly instance: string;
  readonly agent: Pick<Agent, 'status' | 'enforce' | 'confirmPolicy' | 'rescan'>;
  readonly inventory: Pick<Inventory, 'revision' | 'archives'>;
  readonly owners: Pick<OwnerFacts, 'replace'>;
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
  state(): StateAnswer;
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
}

/** Makes the service of an agent. */
export function createAgentService(ports: ServicePorts): AgentService {
  const { agent, inventory, owners, control, policyFromFile, clock, clockGuard, instance, node, log } = ports;
  return {
    state() {
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
      const asOfMs = freshMoment(asOf); // before its order is stored: what is refused changes nothing
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
  };

  /** @returns the moment by the agent's clock */
  function freshMoment(asOf: string): number {
    const moment = parseMoment(asOf);
    const now = { instance, monotonicMs: clock.monotonicMs() };
    if (moment?.instance === instance && isFresh(moment.monotonicMs, now.monotonicMs))
      return moment.monotonicMs;
    throw new AppError(
      'CW_ERR_STALE_FACTS',
      `the facts are as of ${asOf}, and it is ${formatMoment(now)}: take a new moment and ask the API server again`,
    );
  }
}
