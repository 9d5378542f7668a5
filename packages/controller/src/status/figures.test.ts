import { describe, expect, it } from 'vitest';
import { makeOwner, makeView } from '../testing/make-state.ts';
import { largestNamespaces, reportFigures } from './figures.ts';

describe('largestNamespaces', () => {
  it('sums a namespace over all nodes, the largest first', () => {
    const views = [
      makeView('a', { owners: [makeOwner('shop/web-0/app', 2), makeOwner('dev/x/app', 4)] }),
      makeView('b', { owners: [makeOwner('shop/web-0/app', 3)] }),
    ];
    expect(largestNamespaces(views)).toEqual([
      { namespace: 'shop', archives: 5, bytes: 50 },
      { namespace: 'dev', archives: 4, bytes: 40 },
    ]);
  });

  it('names twenty and takes the rest together', () => {
    const owners = Array.from({ length: 25 }, (_, index) => makeOwner(`ns-${index}/p/c`, 100 - index));
    const rows = largestNamespaces([makeView('a', { owners })]);
    expect(rows).toHaveLength(21);
    expect(rows.at(-1)).toEqual({ namespace: 'other', archives: 80 + 79 + 78 + 77 + 76, bytes: 3_900 });
  });

  it('counts a namespace with the name of the rest as part of it', () => {
    const owners = Array.from({ length: 21 }, (_, index) => makeOwner(`ns-${index}/p/c`, 100 - index));
    const rows = largestNamespaces([makeView('a', { owners: [makeOwner('other/p/c', 200), ...owners] })]);
    expect(rows).toHaveLength(21);
    expect(rows.filter(({ namespace }) => namespace === 'other')).toEqual([
      { namespace: 'other', archives: 280, bytes: 2_800 },
    ]);
    expect(largestNamespaces([makeView('a', { owners: [makeOwner('other/p/c', 200)] })])).toEqual([
      { namespace: 'other', archives: 200, bytes: 2_000 },
    ]);
  });
});

describe('reportFigures', () => {
  it('counts agents by state and policies by condition and status, zeros too', () => {
    const told: unknown[] = [];
    const note = (value: unknown) => void told.push(value);
    const condition = (type: string, status: 'True' | 'False') => ({
      type,
      status,
      reason: 'R',
      message: '',
      lastTransitionTime: '',
    });
    reportFigures(
      { agents: note, policies: note, namespaces: note },
      [makeView('a'), makeView('b'), makeView('c', { reach: 'unreachable' })],
      [{ conditions: [condition('Accepted', 'True'), condition('Degraded', 'False')] }, {}],
    );
    expect(told).toEqual([
      { new: 0, reachable: 2, unreachable: 1, incompatible: 0, misplaced: 0, 'stand-alone': 0 },
      {
        Accepted: { True: 1, False: 0, Unknown: 0 },
        Enforced: { True: 0, False: 0, Unknown: 0 },
        Degraded: { True: 0, False: 1, Unknown: 0 },
      },
      [],
    ]);
  });
});
