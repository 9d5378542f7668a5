import { manualClock } from '@checkpoint-warden/kit/testing';
import { KubeError, LEASES, type Lease } from '@checkpoint-warden/kube';
import { createMemoryApiServer, type KubeFault } from '@checkpoint-warden/kube/testing';
import { describe, expect, it } from 'vitest';
import { allSettled } from '../testing/all-settled.ts';
import { logLines } from '../testing/log-lines.ts';
import { createHoldRequest } from './hold-request.ts';
import { createHoldWriter } from './hold-writer.ts';
import { HOLD_ORPHANS } from './orphan-hold.ts';

const KEY = { namespace: 'checkpoint-warden', name: 'controller' };

async function rig() {
  const clock = manualClock();
  const server = createMemoryApiServer({ clock });
  const request = createHoldRequest(clock);
  const { log } = logLines();
  let leads = false;
  let fault: KubeFault = 'ok';
  const writer = createHoldWriter(
    { api: server.client(() => fault), clock, log, request, isLeading: () => leads },
    KEY,
  );
  const stop = new AbortController();
  const ended = writer.run(stop.signal);
  return {
    server,
    request,
    lease: () => server.objects<Lease>(LEASES)[0],
    lead(does: boolean) {
      leads = does;
    },
    fail(next: KubeFault) {
      fault = next;
    },
    async pass(seconds: number) {
      for (let second = 0; second < seconds; second++) {
        clock.advance(1_000);
        await allSettled();
      }
    },
    async stop() {
      stop.abort();
      await ended;
    },
  };
}

describe('the hold writer', () => {
  it('writes the reason into the Lease of another, and nothing else', async () => {
    const { lease, pass, request, server, stop } = await rig();
    server.put(LEASES, { metadata: KEY, spec: { holderIdentity: 'other', leaseTransitions: 4 } });
    request.make('it went back');
    await pass(3);
    expect(lease()?.metadata.annotations).toEqual({ [HOLD_ORPHANS]: 'it went back' });
    expect(lease()?.spec).toEqual({ holderIdentity: 'other', leaseTransitions: 4 });
    expect(request.why).toBeUndefined();
    await stop();
  });

  it('goes on trying while there is no Lease, or the API server refuses', async () => {
    const { fail, lease, pass, request, server, stop } = await rig();
    request.make('it went back');
    await pass(3);
    server.put(LEASES, { metadata: KEY, spec: {} });
    fail({
      error: new KubeError({ verb: 'get', resource: 'leases', status: 500, reason: '', message: 'no' }),
    });
    await pass(3);
    expect(lease()?.metadata.annotations).toBeUndefined();
    fail('ok');
    await pass(3);
    expect(lease()?.metadata.annotations).toEqual({ [HOLD_ORPHANS]: 'it went back' });
    await stop();
  });

  it('leaves to a leader what is the leader’s, and a reason that is there already', async () => {
    const { lead, lease, pass, request, server, stop } = await rig();
    server.put(LEASES, { metadata: { ...KEY, annotations: { [HOLD_ORPHANS]: 'mine' } }, spec: {} });
    request.make('it went back');
    lead(true);
    await pass(3);
    expect(request.why).toBe('it went back');
    lead(false);
    await pass(3);
    expect(lease()?.metadata.annotations).toEqual({ [HOLD_ORPHANS]: 'mine' });
    expect(request.why).toBeUndefined();
    await stop();
  });
});
