import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orphanPolicy } from '../testing/orphan-policy.ts';
import { assignOrders, NO_ORDERS } from './assign-orders.ts';

const nodes = ['node-1', 'node-2', 'node-3'] as const;
/** What each node is to enforce at one time, by its hash; nothing where the node is away. */
const wanted = fc.record(
  Object.fromEntries(
    nodes.map((node) => [node, fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined })]),
  ),
);

function policiesOf(hashes: Readonly<Record<string, string | undefined>>) {
  return new Map(
    Object.entries(hashes).flatMap(([node, hash]) =>
      hash === undefined
        ? []
        : [
            [
              node,
              { hash, policy: orphanPolicy(0), objects: new Set<string>(), leftOut: new Map() },
            ] as const,
          ],
    ),
  );
}

describe('assignOrders', () => {
  it('never gives a node two contents under one revision, nor a lower one, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(wanted, { maxLength: 20 }), (sequence) => {
        const given = new Map<string, { revision: number; hash: string }>();
        let orders = NO_ORDERS;
        for (const hashes of sequence) {
          orders = assignOrders(orders, policiesOf(hashes));
          for (const [node, { revision, hash }] of orders.byNode) {
            const last = given.get(node);
            expect(hash).toBe(hashes[node]);
            if (last !== undefined && last.hash !== hash) expect(revision).toBeGreaterThan(last.revision);
            expect(revision).toBeGreaterThanOrEqual(last?.revision ?? 1);
            expect(revision).toBeLessThanOrEqual(orders.revision);
            given.set(node, { revision, hash });
          }
        }
      }),
    );
  });

  it('leaves alone who is to go on as before, whoever else changes', () => {
    const before = assignOrders(NO_ORDERS, policiesOf({ 'node-1': 'a', 'node-2': 'a' }));
    const after = assignOrders(before, policiesOf({ 'node-1': 'a', 'node-2': 'b' }));
    expect(after.byNode.get('node-1')).toBe(before.byNode.get('node-1'));
    expect(after.byNode.get('node-2')).toMatchObject({ revision: 2, hash: 'b' });
  });
});
