import { changedGroups, type RemoteGroup, remoteGroupName } from '@checkpoint-warden/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { remoteChanges } from './remote-changes.ts';

const group = (name: string, due: string[] = []): RemoteGroup => ({
  group: name,
  rule: '0123456789abcdef',
  due,
  nodes: [],
});
const [A, B, C] = [group('a'), group('b'), group('c')];

describe('what is said to an agent', () => {
  it('is all where it holds nothing, or nothing of it stays', () => {
    expect(remoteChanges(undefined, [A, B])).toEqual({ groups: [A, B] });
    expect(remoteChanges({ groups: [A], revision: 4 }, [B])).toEqual({ groups: [B] });
  });

  it('is only what has changed, come or gone', () => {
    const other = group('b', ['b']);
    expect(remoteChanges({ groups: [A, B], revision: 4 }, [A, other, C])).toEqual({
      groups: [other, C],
      changes: { of: 4, gone: [] },
    });
    expect(remoteChanges({ groups: [A, B], revision: 4 }, [A])).toEqual({
      groups: [],
      changes: { of: 4, gone: [{ group: 'b', rule: B.rule }] },
    });
  });

  it('leaves it with all that it is to know, whatever it knew', () => {
    const some = fc.uniqueArray(
      fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), isNew: fc.boolean() }),
      { selector: ({ name }) => name },
    );
    const old = new Map(['a', 'b', 'c', 'd'].map((name) => [name, group(name)]));
    const of = (all: readonly { name: string; isNew: boolean }[]) =>
      all.map(({ name, isNew }) => (isNew ? undefined : old.get(name)) ?? group(name, ['new']));
    fc.assert(
      fc.property(some, some, (before, after) => {
        const [held, wanted] = [of(before), of(after)];
        const said = remoteChanges({ groups: held, revision: 1 }, wanted);
        const all = said.changes === undefined ? said.groups : changedGroups(held, said);
        const byName = (groups: readonly RemoteGroup[]) =>
          new Map(groups.map((each) => [remoteGroupName(each), each]));
        expect(byName(all)).toEqual(byName(wanted));
      }),
    );
  });
});
