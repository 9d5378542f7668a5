import { describe, expect, it } from 'vitest';
import { EPOCH, inForce, makeOwner, makeState } from '../testing/make-state.ts';
import { type AgentKnowledge, enforces, nextStep } from './next-step.ts';

const WANTED = { revision: 5, hash: 'wanted' };
const LATER = { ...EPOCH, leaseTransitions: EPOCH.leaseTransitions + 1 };
const ROUND = { due: [], isCut: false, revoke: false, nextMs: Infinity, orphaned: 0, unknown: 0 };
const NOW_MS = 1_000_000;
const NO_GROUPS = {
  groupsOf: undefined,
  toldGroups: undefined,
  groupNeeds: { mustAsk: false, version: 0, isEmpty: true, isSettled: true },
  tellPauseMs: 6_000,
};

/** The next step for an agent that is as it should be, but for `changes`. */
function step(changes: Partial<AgentKnowledge> = {}, wanted: typeof WANTED | null = WANTED) {
  const state = makeState({ policy: inForce('wanted', 5) });
  const known: AgentKnowledge = {
    retryAtMs: -Infinity,
    nextPollMs: NOW_MS + 12_000,
    state,
    momentMs: NOW_MS,
    policyConfirmedMs: NOW_MS,
    refusedAsStale: false,
    ownersOf: state.inventory,
    round: ROUND,
    nextJudgeMs: -Infinity,
    ...NO_GROUPS,
    ...changes,
  };
  return nextStep(known, wanted ?? undefined, EPOCH, NOW_MS);
}

const due = { ...ROUND, due: [makeOwner('shop/web-0/app')] };

describe('nextStep', () => {
  it.each<[string, Partial<AgentKnowledge>, ReturnType<typeof step>]>([
    ['waits for the next poll where nothing is to be done', {}, { do: 'wait', untilMs: NOW_MS + 12_000 }],
    [
      'waits after a failure, whatever there is to do',
      { retryAtMs: NOW_MS + 1, state: undefined },
      { do: 'wait', untilMs: NOW_MS + 1 },
    ],
    ['polls who has never answered', { state: undefined }, { do: 'poll' }],
    ['polls when it is time', { nextPollMs: NOW_MS }, { do: 'poll' }],
    [
      'gives no order to an agent with a policy file',
      { state: makeState({ policy: { source: 'file', revision: 1, hash: 'x' } }), round: due },
      { do: 'wait', untilMs: NOW_MS + 12_000 },
    ],
    ['gives a policy to an agent without one', { state: makeState() }, { do: 'put-policy' }],
    [
      'gives a policy to an agent with another one',
      { state: makeState({ policy: inForce('old', 4) }) },
      { do: 'put-policy' },
    ],
    [
      'gives the same policy again in the name of a new epoch',
      { state: makeState({ policy: inForce('wanted', 9, { ...EPOCH, leaseTransitions: 2 }) }) },
      { do: 'put-policy' },
    ],
    ['says a policy again after five minutes', { policyConfirmedMs: NOW_MS - 300_000 }, { do: 'put-policy' }],
    [
      'waits for the five minutes to be over',
      { policyConfirmedMs: NOW_MS - 299_000 },
      { do: 'wait', untilMs: NOW_MS + 1_000 },
    ],
    [
      'outranks the leader whose policy the agent has',
      { state: makeState({ policy: inForce('x', 1, LATER) }) },
      { do: 'outrank', epoch: LATER },
    ],
    [
      'outranks the leader whose owners the agent has',
      {
        state: makeState({
          policy: inForce('wanted', 5),
          owners: {
            epoch: inForce('', 0, LATER).epoch ?? { leaseCreated: '', leaseTransitions: 0 },
            revision: 1,
          },
        }),
      },
      { do: 'outrank', epoch: LATER },
    ],
    [
      'outranks who has led under its own epoch',
      { state: makeState({ policy: inForce('x', 6) }) },
      { do: 'outrank', epoch: EPOCH },
    ],
    [
      'asks for no owners while archives are not known',
      { state: makeState({ policy: inForce('wanted', 5), ready: false }), ownersOf: undefined, round: due },
      { do: 'wait', untilMs: NOW_MS + 12_000 },
    ],
    ['asks for owners it does not know', { ownersOf: undefined }, { do: 'get-owners' }],
    [
      'asks for owners that have changed',
      { ownersOf: { instance: 'first-start', revision: 0 } },
      { do: 'get-owners' },
    ],
    [
      'asks for owners after a restart, though the revision is the same',
      { ownersOf: { instance: 'another-start', revision: 1 } },
      { do: 'get-owners' },
    ],
    ['judges owners as of a moment that is fresh', { round: due }, { do: 'judge-owners' }],
    [
      'takes a new moment first where the last one is ten seconds old',
      { round: due, momentMs: NOW_MS - 10_000 },
      { do: 'poll' },
    ],
    [
      'takes a moment first where it has none',
      { round: { ...ROUND, revoke: true }, momentMs: undefined },
      { do: 'poll' },
    ],
    [
      'takes back at once what is not true any more',
      { round: { ...ROUND, revoke: true }, nextJudgeMs: NOW_MS + 500 },
      { do: 'judge-owners' },
    ],
    [
      'gives the agent time before the next ones of many',
      { round: due, nextJudgeMs: NOW_MS + 500 },
      { do: 'wait', untilMs: NOW_MS + 500 },
    ],
    [
      'waits until somebody is due',
      { round: { ...ROUND, nextMs: NOW_MS + 7 } },
      { do: 'wait', untilMs: NOW_MS + 7 },
    ],
  ])('%s', (_, changes, expected) => {
    expect(step(changes)).toEqual(expected);
  });

  it('learns owners while it is not known yet what the agent is to enforce', () => {
    expect(
      nextStep(
        {
          retryAtMs: 0,
          nextPollMs: Infinity,
          state: makeState(),
          momentMs: 0,
          refusedAsStale: false,
          policyConfirmedMs: 0,
          ownersOf: undefined,
          round: ROUND,
          nextJudgeMs: 0,
          ...NO_GROUPS,
        },
        undefined,
        EPOCH,
        NOW_MS,
      ),
    ).toEqual({ do: 'get-owners' });
  });
});

describe('nextStep with groups', () => {
  const remoteEpoch = inForce('', 0).epoch ?? { leaseCreated: '', leaseTransitions: 0 };
  const told = {
    version: 7,
    groups: [{ group: 'shop', rule: '0123456789abcdef', due: [], nodes: [] }],
    epoch: EPOCH,
    revision: 3,
    instance: 'first-start',
    ms: NOW_MS - 1_000,
    leftOut: 0,
    times: 1,
  };
  const some = { mustAsk: false, version: 7, isEmpty: false, isSettled: true };
  const none = { ...some, isEmpty: true };
  const holding = {
    state: makeState({
      policy: inForce('wanted', 5),
      groups: 'g1',
      remoteArchives: { epoch: remoteEpoch, revision: 3 },
    }),
    groupsOf: { instance: 'first-start', version: 'g1' },
    toldGroups: told,
    groupNeeds: some,
  };
  const wait = { do: 'wait', untilMs: NOW_MS + 12_000 } as const;
  const { remoteArchives: _, ...untold } = holding.state;

  it.each<[string, Partial<AgentKnowledge>, ReturnType<typeof step>]>([
    ['waits where the agent knows all', {}, wait],
    ['asks for groups that it does not know', { groupsOf: undefined }, { do: 'get-groups' }],
    [
      'asks for groups that are others now',
      { groupsOf: { instance: 'first-start', version: 'g0' } },
      { do: 'get-groups' },
    ],
    [
      'asks for groups after a restart, though their version is the same',
      { groupsOf: { instance: 'another-start', version: 'g1' } },
      { do: 'get-groups' },
    ],
    ['asks for owners before that', { ownersOf: undefined, groupsOf: undefined }, { do: 'get-owners' }],
    [
      'asks for no groups of an agent that enforces something else',
      { state: { ...holding.state, policy: inForce('old', 4) }, groupsOf: undefined },
      { do: 'put-policy' },
    ],
    [
      'asks for nothing of an agent of an older version, and tells it nothing',
      { state: makeState({ policy: inForce('wanted', 5) }), groupsOf: undefined, groupNeeds: none },
      wait,
    ],
    ['asks for the newest of groups', { groupNeeds: { ...some, mustAsk: true } }, { do: 'get-newest' }],
    ['tells what is new', { toldGroups: { ...told, version: 6, ms: 0 } }, { do: 'put-remote-archives' }],
    [
      'pauses before it tells more',
      { toldGroups: { ...told, version: 6 } },
      { do: 'wait', untilMs: NOW_MS + 5_000 },
    ],
    ['tells who was told nothing', { state: untold, toldGroups: undefined }, { do: 'put-remote-archives' }],
    [
      'tells a new start of the agent at once',
      { state: untold, toldGroups: { ...told, instance: 'another-start' } },
      { do: 'put-remote-archives' },
    ],
    [
      'tells in the name of a new epoch at once',
      { toldGroups: { ...told, epoch: { ...EPOCH, leaseTransitions: 2 } } },
      { do: 'put-remote-archives' },
    ],
    [
      'tells who does not hold what it confirmed after a pause',
      { state: untold },
      { do: 'wait', untilMs: NOW_MS + 12_000 },
    ],
    [
      'tells who does not hold what it confirmed again then',
      { state: untold, toldGroups: { ...told, ms: NOW_MS - 20_000 } },
      { do: 'put-remote-archives' },
    ],
    [
      'tells of no group where some had been told',
      { groupNeeds: { ...none, version: 8 }, toldGroups: { ...told, ms: 0 } },
      { do: 'put-remote-archives' },
    ],
    [
      'tells of no group where somebody else told of some',
      { groupNeeds: none, toldGroups: undefined },
      { do: 'put-remote-archives' },
    ],
    ['need not tell of no group who was told nothing', { state: untold, groupNeeds: none }, wait],
    [
      'need not tell of no group again who was told so',
      { groupNeeds: { ...none, version: 8 }, toldGroups: { ...told, groups: [] } },
      wait,
    ],
    [
      'tells nothing while that is about to be known',
      { state: untold, toldGroups: undefined, groupNeeds: { ...some, isSettled: false } },
      wait,
    ],
    [
      'takes a moment first where the last one is half a minute old',
      { toldGroups: undefined, momentMs: NOW_MS - 30_000 },
      { do: 'poll' },
    ],
    [
      'outranks the leader whose remote archives the agent has',
      {
        state: {
          ...holding.state,
          remoteArchives: { epoch: inForce('', 0, LATER).epoch ?? remoteEpoch, revision: 1 },
        },
      },
      { do: 'outrank', epoch: LATER },
    ],
    [
      'outranks who has told of remote archives under its own epoch',
      { refusedAsStale: true, toldGroups: undefined },
      { do: 'outrank', epoch: EPOCH },
    ],
  ])('%s', (_name, changes, expected) => {
    const { state } = holding;
    expect(step({ ownersOf: state.inventory, ...holding, ...changes })).toEqual(expected);
  });

  it('knows no groups before it is known what the agent is to enforce', () => {
    expect(step({ ...holding, groupsOf: undefined }, null)).toEqual(wait);
  });
});

describe('enforces', () => {
  it.each([
    ['the policy under our epoch', inForce('wanted', 5), true],
    ['the policy under another epoch', inForce('wanted', 5, LATER), false],
    ['another policy', inForce('other', 5), false],
    ['the same policy from a file', { source: 'file', revision: 1, hash: 'wanted' } as const, false],
  ])('looks at %s', (_, policy, expected) => {
    expect(enforces(makeState({ policy }), WANTED, EPOCH)).toBe(expected);
  });
});
