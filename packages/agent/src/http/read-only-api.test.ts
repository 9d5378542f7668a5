import { CONFIRMS_HEADER, formatConfirmation, MOMENT_HEADER, toWireTime } from '@checkpoint-warden/api';
import { ruleHashAlone } from '@checkpoint-warden/api/testing/rule-hash-alone';
import { createHttpServer, createLogger, type HttpServer } from '@checkpoint-warden/kit';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { controlFiles, openControlState } from '../policy/control-state.ts';
import { createAgentService } from '../service/agent-service.ts';
import { makeSandbox, policyOf, type RunningAgent, type Sandbox, startAgent } from '../testing/agent-rig.ts';
import { ownersMessage } from '../testing/api-rig.ts';
import { agentApi } from './agent-api.ts';
import { readOnlyApi } from './read-only-api.ts';

const POLICY = policyOf('globalPolicy: {maxCheckpointsPerPod: 1}');
const [RULE = ''] = POLICY.rules.map((rule) => ruleHashAlone(rule));
const OWNER = { namespace: 'shop', pod: 'web-0', container: 'app' };
const log = createLogger({ level: 'silent', terminal: false });

let sandbox: Sandbox;
let running: RunningAgent;
let name: string;
/** What the controller talks to, and what others may read; both of one agent. */
let whole: HttpServer;
let reading: HttpServer;
const clock = manualClock(Date.UTC(2026, 0, 2));

beforeEach(async () => {
  sandbox = makeSandbox();
  name = sandbox.write(OWNER, new Date(Date.UTC(2026, 0, 1)));
  running = await startAgent(sandbox, { policy: POLICY, clock });
  const instance = 'first-start';
  const service = createAgentService({
    ...running,
    node: 'node-1',
    instance,
    control: openControlState(controlFiles(sandbox.stateDir, running.damage)),
    policyFromFile: false,
    clock,
    log,
  });
  const ports = { ...running, service, instance };
  [whole, reading] = [createHttpServer({ log }), createHttpServer({ log })];
  await whole.register(agentApi, ports);
  await reading.register(readOnlyApi, ports);
});
afterEach(async () => {
  await running.stop();
  sandbox.remove();
});

const get = (app: HttpServer, url: string, headers: Record<string, string> = {}) =>
  app.inject({ method: 'GET', url, headers });

async function tellOfNode2(): Promise<{ asOf: string; otherNodes(): Promise<string[]> }> {
  const head = ownersMessage(1, { monotonicMs: clock.monotonicMs() });
  const { pod, container } = OWNER;
  const bytes = 1;
  const archives = [
    { name: 'newer', pod, container, bytes, countsAsMs: clock.nowMs(), mtimeMs: clock.nowMs() },
  ];
  const groups = [{ group: 'shop/web-0', rule: RULE, due: [], nodes: [{ node: 'node-2', archives }] }];
  const sentAt = toWireTime(clock.nowMs());
  const payload = { ...head, sentAt, olderMs: 0, groups };
  const answer = await whole.inject({ method: 'PUT', url: '/v1/remote-archives', payload });
  expect(answer.statusCode).toBe(200);
  return {
    asOf: head.asOf,
    otherNodes: async () => (await get(reading, `/v1/archives/${name}/explanation`)).json().otherNodes,
  };
}

describe('the API for reading', () => {
  it('answers what the whole one answers, archives of other nodes included', async () => {
    const { otherNodes } = await tellOfNode2();
    expect(await otherNodes()).toEqual(['node-2']);
    for (const path of [`archives/${name}/explanation`, 'state', 'archives', 'deletions']) {
      const [one, other] = [await get(reading, `/v1/${path}`), await get(whole, `/v1/${path}`)];
      expect([path, one.statusCode, one.body]).toEqual([path, 200, other.body]);
    }
    expect((await get(reading, '/v1/plan')).json().verdicts).toMatchObject([{ archive: name }]);
    const tried = await reading.inject({ method: 'POST', url: '/v1/plan', payload: { policy: POLICY } });
    expect(tried.json().verdicts).toMatchObject([{ action: 'delete', reason: 'over-count' }]);
  });

  it.each([
    ['PUT', '/v1/policy'],
    ['PUT', '/v1/owners'],
    ['PUT', '/v1/remote-archives'],
    ['POST', '/v1/groups'],
    ['GET', '/v1/groups'],
    ['GET', '/v1/owners'],
  ] as const)('does not know %s %s', async (method, url) => {
    const { body, statusCode } = await reading.inject({
      method,
      url,
      ...(method === 'GET' ? {} : { payload: {} }),
    });
    expect([statusCode, JSON.parse(body).code]).toEqual([404, 'CW_ERR_NOT_FOUND']);
  });

  it('does not let facts count for longer, which a poll of the controller does', async () => {
    const { otherNodes } = await tellOfNode2();
    const confirmOn = async (app: HttpServer): Promise<void> => {
      const asOf = String((await get(app, '/v1/state')).headers[MOMENT_HEADER]);
      const epoch = { leaseCreatedMs: Date.UTC(2026, 0, 1), leaseTransitions: 3 };
      const confirms = formatConfirmation({ epoch, revision: 1, asOf, olderMs: 0 });
      await get(app, '/v1/state', { [CONFIRMS_HEADER]: confirms });
    };
    clock.advance(40_000);
    await confirmOn(whole);
    clock.advance(40_000);
    expect(await otherNodes()).toEqual(['node-2']);
    await confirmOn(reading);
    clock.advance(40_000);
    expect(await otherNodes()).toEqual([]);
  });
});
