import type { HttpsCall, HttpsResponse } from '@checkpoint-warden/kit';
import { describe, expect, it } from 'vitest';
import { makeState } from '../testing/make-state.ts';
import { createAgentApi } from './agent-api.ts';

const signal = new AbortController().signal;
const INVENTORY = { instance: 'first-start', revision: 1 };

function rig(...answers: readonly Partial<HttpsResponse>[]) {
  const calls: HttpsCall[] = [];
  const api = createAgentApi(async (call) => {
    const answer = answers[Math.min(calls.length, answers.length - 1)] ?? {};
    calls.push(call);
    return { status: 200, etag: undefined, headers: {}, body: undefined, ...answer };
  }, 'https://a');
  return { api, calls };
}

const owner = (pod: string) => ({
  namespace: 'shop',
  pod,
  container: 'app',
  podUids: [],
  archives: 1,
  bytes: 1,
});

describe('the calls to an agent', () => {
  it('poll with the ETag of the last answer, and what is right still of what was told before', async () => {
    const state = makeState();
    const { api, calls } = rig(
      { body: state, etag: '"1"', headers: { 'checkpoint-warden-moment': 'a/1' } },
      { status: 304, headers: { 'checkpoint-warden-moment': 'a/2' } },
    );
    expect(await api.poll(undefined, undefined, signal)).toEqual({ state, etag: '"1"', moment: 'a/1' });
    expect(await api.poll('"1"', '1.2/3 a/1 0', signal)).toEqual({
      state: undefined,
      etag: '"1"',
      moment: 'a/2',
    });
    expect(calls.map(({ headers }) => headers)).toEqual([
      {},
      { 'if-none-match': '"1"', 'checkpoint-warden-confirms': '1.2/3 a/1 0' },
    ]);
  });

  it('read owners page by page, as of the first page', async () => {
    const { api, calls } = rig(
      { body: { inventory: INVENTORY, owners: [owner('a')], next: 'shop/a/app' } },
      { body: { inventory: { ...INVENTORY, revision: 2 }, owners: [owner('b')] } },
    );
    expect(await api.getOwners(signal)).toEqual({ inventory: INVENTORY, owners: [owner('a'), owner('b')] });
    expect(calls.map(({ url }) => url)).toEqual([
      'https://a/v1/owners?limit=5000',
      'https://a/v1/owners?limit=5000&after=shop%2Fa%2Fapp',
    ]);
  });

  it('read groups page by page, and tell whether all are as of one version', async () => {
    const group = (name: string) => ({
      group: name,
      rule: '0123456789abcdef',
      count: 1,
      bytes: 1,
      version: 'v',
    });
    const page = { inventory: INVENTORY, version: 'all', groups: [group('a')], next: 'a' };
    const { api, calls } = rig(
      { body: page },
      { body: { ...page, groups: [group('b')], next: undefined } },
      { body: page },
      { body: { ...page, version: 'other', groups: [group('b')], next: undefined } },
    );
    const groups = [group('a'), group('b')];
    expect(await api.getGroups(signal)).toEqual({
      inventory: INVENTORY,
      version: 'all',
      groups,
      isWhole: true,
    });
    expect(await api.getGroups(signal)).toMatchObject({ version: 'all', isWhole: false });
    expect(calls[1]?.url).toBe('https://a/v1/groups?limit=5000&after=a');
  });

  it('give up on owners without an end', async () => {
    const { api, calls } = rig({ body: { inventory: INVENTORY, owners: [owner('a')], next: 'x' } });
    await expect(api.getOwners(signal)).rejects.toMatchObject({ code: 'CW_ERR_AGENT_ANSWER' });
    expect(calls).toHaveLength(100);
  });

  it.each<[string, Partial<HttpsResponse>, string]>([
    [
      'an agent’s own refusal',
      { status: 409, body: { code: 'CW_ERR_STALE_FACTS', message: 'old' } },
      'CW_ERR_STALE_FACTS',
    ],
    [
      'a code that does not exist',
      { status: 409, body: { code: 'toString', message: 'old' } },
      'CW_ERR_AGENT_ANSWER',
    ],
    ['a page of HTML', { status: 502, body: '<html>' }, 'CW_ERR_AGENT_ANSWER'],
    ['no body', { status: 500 }, 'CW_ERR_AGENT_ANSWER'],
    ['null', { status: 200, body: null }, 'CW_ERR_AGENT_ANSWER'],
    ['a state that lacks something', { body: { ...makeState(), clock: undefined } }, 'CW_ERR_AGENT_ANSWER'],
  ])('make an error of %s', async (_, answer, code) => {
    await expect(rig(answer).api.poll(undefined, undefined, signal)).rejects.toMatchObject({ code });
  });
});
