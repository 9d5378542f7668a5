import { ruleHashesIn } from '@checkpoint-warden/api';
import { type Archive, governingRule, type Policy } from '@checkpoint-warden/policy';
import type { AgentNode } from './agent-node.ts';

/** Facts about archives on other nodes count for so long (design, 4.6). */
export const REMOTE_FRESH_MS = 60_000;

/** What each agent knew of its archives whenever it told somebody. */
export interface KnownArchives {
  /**
   * To be called when an agent has told of its groups, or that nothing has changed.
   *
   * @param policy - that it enforces
   */
  told(node: AgentNode, policy: Policy): void;
  /**
   * Archives of other nodes that could count against a limit by what their agents told lately enough, each once: those that the
   * very rule governed there which governs them by this node's policy.
   */
  elsewhere(node: AgentNode, policy: Policy): readonly Archive[];
}

interface Telling {
  readonly ms: number;
  readonly policy: Policy;
  readonly archives: readonly Archive[];
}

/**
 * Remembers what archives agents knew when they told of them: the most that facts about them may rest on. It goes by the agents'
 * inventories, which the oracle's other questions hold to the truth of the disks, and by nothing of what carries the facts.
 */
export function createKnownArchives(monotonicMs: () => number): KnownArchives {
  const tellings = new Map<string, readonly Telling[]>();
  return {
    told({ name, agent }, policy) {
      if (agent === undefined) return;
      const ms = monotonicMs();
      const archives = agent.inventory
        .archives()
        .filter(({ owner, state, pinned }) => owner !== undefined && state === 'complete' && !pinned);
      const before = (tellings.get(name) ?? []).filter((telling) => ms - telling.ms <= 2 * REMOTE_FRESH_MS);
      tellings.set(name, [...before, { ms, policy, archives }]);
    },
    elsewhere({ name }, policy) {
      const found = new Map<string, Archive>();
      const sinceMs = monotonicMs() - REMOTE_FRESH_MS - 1; // moments are rounded down
      for (const [node, all] of tellings) {
        if (node === name) continue;
        for (const telling of all) {
          if (telling.ms < sinceMs) continue;
          for (const archive of telling.archives) {
            const rule = ruleText(archive, policy);
            if (rule !== undefined && ruleText(archive, telling.policy) === rule)
              found.set(`${node}/${archive.name}/${archive.sizeBytes}`, archive);
          }
        }
      }
      return [...found.values()];
    },
  };
}

/** The rule that governs an archive, as it stands among the others. */
function ruleText({ owner }: Archive, { rules }: Policy): string | undefined {
  const rule = owner && governingRule(rules, owner);
  return owner && rule && ruleHashesIn(rules, owner.namespace).get(rule);
}
