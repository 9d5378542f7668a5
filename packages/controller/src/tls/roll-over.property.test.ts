import type { Secret } from '@checkpoint-warden/kube';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTlsWorld, DAY_MS, HOUR_MS, type TlsWorld } from './testing/tls-world.ts';

/** What may be held for so long; the overlap of an hour exceeds it by more than twice the clocks' difference. */
const LAG_MS = 40 * 60_000;
const SKEW_MS = 5 * 60_000;

type Command =
  | { readonly do: 'pass'; readonly ms: number }
  /** A controller that dies after so many writes. */
  | { readonly do: 'steps'; readonly count: number; readonly skewMs: number }
  /** A controller that is held up between planning and writing, until `resume`. */
  | { readonly do: 'begin'; readonly skewMs: number }
  | { readonly do: 'resume' }
  | { readonly do: 'lose'; readonly which: 'controller' | 'agent'; readonly how: Loss };
type Loss = 'deleted' | 'ca.crt' | 'tls.crt' | 'tls.key' | 'undated';

const skew = fc.integer({ min: -SKEW_MS, max: SKEW_MS });
const pass = fc
  .constantFrom(1_000, 600_000, HOUR_MS - 1_000, HOUR_MS + 1_000, 2 * HOUR_MS)
  .map((ms) => ({ do: 'pass', ms }) as const);
const steps = fc.record({
  do: fc.constant('steps' as const),
  count: fc.integer({ min: 1, max: 4 }),
  skewMs: skew,
});
const begin = fc.record({ do: fc.constant('begin' as const), skewMs: skew });
const resume = fc.constant({ do: 'resume' } as const);
const lose = fc.record({
  do: fc.constant('lose' as const),
  which: fc.constantFrom('controller' as const, 'agent' as const),
  how: fc.constantFrom<Loss>('deleted', 'ca.crt', 'tls.crt', 'tls.key', 'undated'),
});

function damage(secret: Secret, how: Loss): Secret | undefined {
  if (how === 'deleted') return undefined;
  if (how === 'undated') return { ...secret, metadata: { ...secret.metadata, annotations: {} } };
  return { ...secret, data: { ...secret.data, [how]: Buffer.from('damaged').toString('base64') } };
}

/** When a roll-over has just become due. */
async function createDue(): Promise<TlsWorld> {
  const world = createTlsWorld();
  await world.settle();
  for (let renewals = 0; renewals < 3; renewals += 1) {
    world.clock.advance(6.5 * DAY_MS);
    await world.settle();
  }
  world.clock.advance(DAY_MS);
  return world;
}

/** Runs the commands. @returns the first moment at which two sides would not accept each other */
async function live(world: TlsWorld, commands: readonly Command[]): Promise<string | undefined> {
  const held: (() => Promise<void>)[] = [];
  let lastLossMs = Number.NEGATIVE_INFINITY;
  for (const [index, command] of commands.entries()) {
    switch (command.do) {
      case 'pass':
        world.clock.advance(command.ms);
        break;
      case 'steps':
        for (let count = 0; count < command.count; count += 1) await world.step(command.skewMs);
        break;
      case 'begin':
        held.push(await world.beginStep(command.skewMs));
        break;
      case 'resume':
        await held.shift()?.();
        break;
      case 'lose':
        // Losing both sides at once is more than can be made up for.
        if (world.clock.nowMs() - lastLossMs < 3 * HOUR_MS) continue;
        lastLossMs = world.clock.nowMs();
        world.change(command.which, (secret) => damage(secret, command.how));
        break;
    }
    const broken = world.brokenPairs(LAG_MS);
    if (broken.length > 0) return `after command ${index}: ${broken.join(', ')}`;
  }
  for (const finish of held) await finish();
  const broken = world.brokenPairs(LAG_MS);
  return broken.length > 0 ? `at the end: ${broken.join(', ')}` : undefined;
}

/** One CA, which all certificates come from. */
async function expectRolledOver(world: TlsWorld, formerCa: string | undefined): Promise<void> {
  await world.live(4 * HOUR_MS);
  expect(world.brokenPairs(LAG_MS)).toEqual([]);
  const { authorities, controller, agent } = await world.view();
  const ca = authorities.current?.certificate.fingerprint256;
  expect(ca).not.toBe(formerCa);
  expect(authorities.previous).toBeUndefined();
  for (const { trust, leaf } of [controller, agent]) {
    expect(trust.map(({ fingerprint256 }) => fingerprint256)).toEqual([ca]);
    expect(trust.every((authority) => leaf?.certificate.verify(authority.publicKey))).toBe(true);
  }
}

describe('a roll-over of the CA', () => {
  it('keeps any two sides accepting each other, whoever dies, is held up or goes wrong by his clock, and whatever one side has not read yet', {
    timeout: 120_000,
  }, async () => {
    const command = fc.oneof(pass, { arbitrary: steps, weight: 3 }, begin, resume, lose);
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 40 }), async (commands) => {
        const world = await createDue();
        const formerCa = (await world.view()).authorities.current?.certificate.fingerprint256;
        expect(await live(world, commands)).toBeUndefined();
        await expectRolledOver(world, formerCa);
      }),
      { numRuns: 20 },
    );
  });

  it('goes well from a CA whose Secret was lost at any moment, too', { timeout: 120_000 }, async () => {
    const command = fc.oneof(pass, { arbitrary: steps, weight: 2 });
    const loss = fc.constantFrom('deleted' as const, 'ca.crt' as const, 'ca.key' as const);
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 12 }),
        loss,
        fc.array(command, { maxLength: 20 }),
        async (before, how, after) => {
          const world = await createDue();
          const formerCa = (await world.view()).authorities.current?.certificate.fingerprint256;
          expect(await live(world, before)).toBeUndefined();
          world.change('ca', (secret) =>
            how === 'deleted' ? undefined : { ...secret, data: { ...secret.data, [how]: 'AAAA' } },
          );
          expect(await live(world, after)).toBeUndefined();
          await expectRolledOver(world, formerCa);
        },
      ),
      { numRuns: 12 },
    );
  });
});
