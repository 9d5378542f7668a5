import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CompiledPolicySchema, checkOf, policyHash, toWireTime } from '@checkpoint-warden/api';
import { AppError } from '@checkpoint-warden/errors';
import type { Policy } from '@checkpoint-warden/policy';
import { type Static, Type } from 'typebox';
import type { DamageHandling } from '../state/damage.ts';
import { type Stored, storedFile } from '../state/stored.ts';
import { compareEpochs, type Epoch, type PolicyInForce } from './policy-in-force.ts';

const whole = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** The place of an accepted message, and what tells its content from another's. */
const WordSchema = Type.Object({
  epoch: Type.Object({ leaseCreatedMs: Type.Integer(), leaseTransitions: whole }),
  revision: whole,
  /** SHA-256 of the content, hex. */
  hash: Type.String(),
});
export type Word = Readonly<Static<typeof WordSchema>>;

const PolicyWordSchema = Type.Object({ ...WordSchema.properties, policy: CompiledPolicySchema });
/** That of a policy, with the policy. */
export interface PolicyWord extends Word {
  readonly policy: Policy;
}

/**
 * Where the last accepted message of each kind is kept. Each kind has a place of its own, so that owner states do not rewrite
 * the policy.
 */
export interface ControlStorage {
  readonly policy: Stored<PolicyWord>;
  readonly owners: Stored<Word>;
  readonly remoteArchives: Stored<Word>;
}

/** A message of the controller: which leader sent it, and its place among those of its kind. */
export interface Message {
  readonly epoch: Epoch;
  readonly revision: number;
}

/** What became of a message that was not refused. `isNew: false`: it was a repetition and changed nothing. */
export interface Accepted {
  readonly isNew: boolean;
}

/** The controller's last words, in storage. See {@link openControlState}. */
export interface ControlState {
  /** The last policy accepted, before a restart or since; `undefined`: none. */
  readonly policy: PolicyInForce | undefined;
  /** The last owner states accepted, before a restart or since; `undefined`: none. A restart forgets what they said. */
  readonly owners: Message | undefined;
  /**
   * Checks the order of a policy message and stores it. When this returns, it may be put in force.
   *
   * @throws AppError `CW_ERR_STALE_REVISION` when something newer was accepted before, or other content under the same revision;
   * `CW_ERR_STATE_UNWRITABLE`, retryable: nothing has changed
   */
  acceptPolicy(message: Message & { readonly policy: Policy }): Accepted & { readonly policy: PolicyInForce };
  /**
   * The same for owner states, of which only the order is written: a restart forgets them, as they are not to be acted on
   * for long. For the same reason a repetition does not renew them: it may have been under way for any time.
   *
   * @param content - what tells one message from another under the same revision
   */
  acceptOwners(message: Message & { readonly content: string }): Accepted;
  /** The same for the archives of other nodes. */
  acceptRemoteArchives(message: Message & { readonly content: string }): Accepted;
  /** Whether a message of a later epoch, of whichever kind, was accepted. */
  isOutranked(epoch: Epoch): boolean;
}

/**
 * Opens what the controller has said last (safety rule 8). A message of an epoch lower than that of any message accepted
 * before, of whichever kind, is refused; so is one of a lower revision in the same epoch. A new epoch counts its revisions
 * anew. All this holds over restarts.
 */
export function openControlState(storage: ControlStorage): ControlState {
  let policyWord = storage.policy.load();
  let ownersWord = storage.owners.load();
  let remoteArchivesWord = storage.remoteArchives.load();

  const laterThan = (epoch: Epoch): Word | undefined =>
    [policyWord, ownersWord, remoteArchivesWord].find(
      (accepted) => accepted !== undefined && compareEpochs(epoch, accepted.epoch) < 0,
    );

  /** @returns whether `next` is newer than `last`, the word of its kind; otherwise it is the same */
  const isNewer = (next: Word, last: Word | undefined): boolean => {
    const later = laterThan(next.epoch);
    if (later !== undefined) throw staleEpoch(next, later);
    if (last === undefined) return true;
    const order = compareEpochs(next.epoch, last.epoch) || next.revision - last.revision;
    if (order < 0) throw staleRevision(`revision ${next.revision} is older than ${last.revision}`);
    if (order === 0 && next.hash !== last.hash) {
      throw staleRevision(`revision ${next.revision} was accepted before with other content`);
    }
    return order > 0;
  };

  return {
    get policy() {
      return policyWord && inForceOf(policyWord);
    },
    get owners() {
      return ownersWord && { epoch: ownersWord.epoch, revision: ownersWord.revision };
    },
    acceptPolicy({ epoch, revision, policy }) {
      const word = { epoch, revision, hash: policyHash(policy), policy };
      const isNew = isNewer(word, policyWord);
      if (isNew) {
        storage.policy.save(word);
        policyWord = word;
      }
      return { isNew, policy: inForceOf(word) };
    },
    acceptOwners(message) {
      const word = wordOf(message);
      const isNew = isNewer(word, ownersWord);
      if (isNew) {
        storage.owners.save(word);
        ownersWord = word;
      }
      return { isNew };
    },
    acceptRemoteArchives(message) {
      const word = wordOf(message);
      const isNew = isNewer(word, remoteArchivesWord);
      if (isNew) {
        storage.remoteArchives.save(word);
        remoteArchivesWord = word;
      }
      return { isNew };
    },
    isOutranked: (epoch) => laterThan(epoch) !== undefined,
  };
}

/**
 * The files of a state directory that hold the controller's last words. A damaged one is set aside and treated as absent:
 * without a policy nothing is deleted.
 */
export function controlFiles(stateDirPath: string, handling: DamageHandling): ControlStorage {
  return {
    policy: storedFile(join(stateDirPath, 'controller-policy.json'), isPolicyWord, handling),
    owners: storedFile(join(stateDirPath, 'controller-owners.json'), isWord, handling),
    remoteArchives: storedFile(join(stateDirPath, 'controller-remote-archives.json'), isWord, handling),
  };
}

function wordOf({ epoch, revision, content }: Message & { readonly content: string }): Word {
  return { epoch, revision, hash: createHash('sha256').update(content).digest('hex') };
}

function inForceOf({ epoch, revision, hash, policy }: PolicyWord): PolicyInForce {
  return { source: 'controller', epoch, revision, hash, policy };
}

const wordProblems = checkOf(WordSchema);
const policyWordProblems = checkOf(PolicyWordSchema);

function isWord(value: unknown): value is Word {
  return wordProblems(value).length === 0;
}

function isPolicyWord(value: unknown): value is PolicyWord {
  if (policyWordProblems(value).length > 0) return false;
  const { policy, hash } = value as PolicyWord;
  return policyHash(policy) === hash;
}

function staleEpoch(next: Word, accepted: Word): AppError {
  const [was, is] = [next, accepted].map(
    ({ epoch }) => `${toWireTime(epoch.leaseCreatedMs)}/${epoch.leaseTransitions}`,
  );
  return staleRevision(`epoch ${was} is older than ${is}, from which a message was accepted`);
}

function staleRevision(message: string): AppError {
  return new AppError('CW_ERR_STALE_REVISION', message);
}
