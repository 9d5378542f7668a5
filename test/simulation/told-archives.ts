import { parseConfirmation, type RemoteArchivesPush, ruleHashesIn, toWireTime } from '@checkpoint-warden/api';
import { type Archive, type GroupKey, governingRule, type Policy } from '@checkpoint-warden/policy';
import { REMOTE_FRESH_MS } from './known-archives.ts';

/** The last word that one agent has taken on archives of other nodes. */
interface Word {
  readonly epoch: string;
  readonly groups: RemoteArchivesPush['groups'];
  readonly revision: number;
  readonly instance: string;
  /** What it says counts from then on. */
  sinceMs: number;
}

/** What it says that counts. */
export interface ToldFacts {
  readonly archives: readonly Archive[];
  readonly due: ReadonlySet<GroupKey>;
}

/** What one agent was told of other nodes, by the sentences of the design, 4.6. */
export interface ToldArchives {
  /** @returns whether it makes sense: changes of something else than it has say nothing */
  accepted(push: RemoteArchivesPush, epoch: string): boolean;
  /**
   * A poll said that something told before is right still.
   *
   * @param header - as it came
   * @param latestEpoch - that the agent has obeyed in anything
   * @returns whether it prolongs what the agent has
   */
  confirmed(header: string, instance: string, latestEpoch: string): boolean;
  /** What counts at a moment in one start of the agent; nothing where it is over. */
  at(
    nowMs: number,
    node: { readonly name: string; readonly instance: string | undefined },
    policy: Policy,
  ): ToldFacts;
}

/** By nobody, or too long ago. */
export const NOTHING_TOLD: ToldFacts = { archives: [], due: new Set() };

/** An epoch as a text that sorts by age. */
export function epochText(leaseCreated: string, leaseTransitions: number): string {
  return `${leaseCreated}/${String(leaseTransitions).padStart(9, '0')}`;
}

function nameOf({ rule, group }: { readonly rule: string; readonly group: string }): string {
  return `${rule} ${group}`;
}

/** Keeps what one agent was told, over all its starts. */
export function createToldArchives(): ToldArchives {
  let word: Word | undefined;
  return {
    accepted({ revision, asOf, olderMs, groups: said, changes }, epoch) {
      if (word?.epoch === epoch && word.revision === revision) return true; // once more
      const [instance = '', ms] = asOf.split('/');
      const isOfIt = word?.epoch === epoch && word.instance === instance && word.revision === changes?.of;
      const groups = new Map(
        (isOfIt && word !== undefined ? word.groups : []).map((each) => [nameOf(each), each]),
      );
      for (const each of changes?.gone ?? []) groups.delete(nameOf(each));
      for (const each of said) groups.set(nameOf(each), each);
      word = { epoch, revision, instance, groups: [...groups.values()], sinceMs: Number(ms) - olderMs };
      return changes === undefined || isOfIt;
    },
    confirmed(header, instance, latestEpoch) {
      const confirmation = parseConfirmation(header);
      if (confirmation === undefined || word === undefined) return false;
      const { epoch, revision, asOf, olderMs } = confirmation;
      const text = epochText(toWireTime(epoch.leaseCreatedMs), epoch.leaseTransitions);
      const [of, ms] = asOf.split('/');
      const isHeld = word.epoch === text && word.revision === revision && word.instance === instance;
      if (!isHeld || of !== instance || text !== latestEpoch) return false;
      word.sinceMs = Math.max(word.sinceMs, Number(ms) - olderMs);
      return true;
    },
    at(nowMs, { name, instance }, policy) {
      if (word === undefined || word.instance !== instance) return NOTHING_TOLD;
      if (nowMs - word.sinceMs > REMOTE_FRESH_MS + 1) return NOTHING_TOLD; // moments are rounded down
      const archives = new Map<string, Archive>();
      const due = new Set<GroupKey>();
      for (const group of word.groups) {
        const [namespace = ''] = group.group.split('/');
        const hashes = ruleHashesIn(policy.rules, namespace);
        if ([...hashes.values()].includes(group.rule)) for (const key of group.due) due.add(key);
        for (const { node, archives: listed } of group.nodes) {
          for (const { name: file, pod, container, bytes, countsAsMs, mtimeMs } of listed) {
            const owner = { namespace, pod, container };
            const rule = governingRule(policy.rules, owner);
            if (node === name || rule === undefined || hashes.get(rule) !== group.rule) continue;
            archives.set(`${node}/${file}`, {
              name: file,
              node,
              sizeBytes: bytes,
              mtimeMs,
              createdAtMs: countsAsMs,
              state: 'complete',
              owner,
              pinned: false,
            });
          }
        }
      }
      return { archives: [...archives.values()], due };
    },
  };
}
