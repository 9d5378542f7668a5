import { describe, expect, it } from 'vitest';
import { EPOCH, inForce, makeOwner, makeState } from '../testing/make-state.ts';
import { type AgentKnowledge, enforces, nextStep } from './next-step.ts';

const WANTED = { revision: 5, hash: 'wanted' };
const LATER = { ...EPOCH, leaseTransitions: EPOCH.leaseTransitions + 1 };
const ROUND = { due: [], isCut: false, revoke: false, nextMs: Infinity, orphaned: 0, unknown: 0 };
const NOW_MS = 1_000_000;

/** The next step for an agent that is as it should be, but for `changes`. */
function step(changes: Partial<AgentKnowledge> = {}, wanted: typeof WANTED | undefined = WANTED) {
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
    ...changes,
  };
  return nextStep(known, wanted, EPOCH, NOW_MS);
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
        },
        undefined,
        EPOCH,
        NOW_MS,
      ),
    ).toEqual({ do: 'get-owners' });
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
