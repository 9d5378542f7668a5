import { createLogger, systemClock } from '@checkpoint-warden/kit';
import { expect, it, vi } from 'vitest';
import { LEASES } from '../resource.ts';
import { openClusterApi } from '../testing/cluster-api.ts';
import type { Leadership } from './leadership.ts';
import { createElector } from './lease-elector.ts';

const log = createLogger({ level: 'silent', terminal: false });

it('elects, renews, raises, annotates and hands over on a real API server', async () => {
  const { api, namespace } = await openClusterApi();
  const { signal } = new AbortController();
  const lease = () => api.get(LEASES, { namespace, name: 'controller' }, signal);

  function start(identity: string) {
    const stop = new AbortController();
    const terms: Leadership[] = [];
    const elector = createElector({
      api,
      clock: systemClock,
      random: Math.random,
      log,
      identity,
      namespace,
      name: 'controller',
      // Nobody is to lose the Lease here, should the machine stand still for some seconds.
      leaseDurationMs: 60_000,
      renewDeadlineMs: 50_000,
      retryPeriodMs: 200,
      lead(leadership) {
        terms.push(leadership);
        return new Promise((resolve) => leadership.signal.addEventListener('abort', () => resolve()));
      },
      onWentBack: (facts) => {
        throw new Error('nothing went back', { cause: facts });
      },
    });
    const ended = elector.run(stop.signal);
    async function term(): Promise<Leadership> {
      return vi.waitUntil(() => terms.at(-1), { timeout: 60_000 });
    }
    return { elector, ended, term, stop: () => stop.abort() };
  }

  const a = start('a');
  const first = await a.term();
  expect(first.epoch.leaseTransitions).toBe(0);
  const renewTime = (await lease())?.spec?.renewTime;
  await vi.waitUntil(async () => (await lease())?.spec?.renewTime !== renewTime, { timeout: 60_000 });
  expect(await first.confirm()).toBe(true);
  expect(await first.raiseEpoch({ ...first.epoch, leaseTransitions: 7 })).toEqual({
    ...first.epoch,
    leaseTransitions: 8,
  });
  await first.annotate('checkpoint-warden.dev/revision', '7');

  const b = start('b');
  a.stop();
  await a.ended;
  const second = await b.term();
  expect(second.epoch).toEqual({ ...first.epoch, leaseTransitions: 9 });
  expect(second.annotations).toEqual({ 'checkpoint-warden.dev/revision': '7' });
  b.stop();
  await b.ended;
  expect((await lease())?.spec).toMatchObject({ holderIdentity: '', leaseTransitions: 9 });
});
