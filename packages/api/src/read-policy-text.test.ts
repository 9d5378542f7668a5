import { isAppError } from '@checkpoint-warden/errors';
import { describe, expect, it } from 'vitest';
import { formatProblems } from './format-problems.ts';
import { readPolicyText } from './read-policy-text.ts';

const HEAD = 'apiVersion: checkpoint-warden.dev/v1alpha1\nkind: CheckpointRetentionPolicy\n';
const object = (name: string, spec = '{globalPolicy: {keepLast: 1}}') =>
  `${HEAD}metadata: {name: ${name}}\nspec: ${spec}\n`;

function names(text: string): string[] {
  return readPolicyText(text, 'policy.yaml').objects.map(({ metadata }) => metadata.name);
}

function problemsOf(text: string): string {
  try {
    readPolicyText(text, 'policy.yaml');
  } catch (error) {
    if (!isAppError(error, 'CW_ERR_POLICY_INVALID')) throw error;
    return formatProblems(error);
  }
  return '';
}

describe('readPolicyText reads', () => {
  it('one YAML document', () => {
    expect(names(object('a'))).toEqual(['a']);
  });

  it('several documents, and passes over those that are empty', () => {
    expect(names(`---\n# nothing\n---\n${object('a')}---\n${object('b')}---\n`)).toEqual(['a', 'b']);
  });

  it('JSON, also with tabs', () => {
    const json = JSON.stringify(readPolicyText(object('a'), 'policy.yaml').objects[0], undefined, '\t');
    expect(names(json)).toEqual(['a']);
  });

  it('what kubectl get -o yaml prints: a List, with metadata and status', () => {
    const item = `${object('a')}status: {observedGeneration: 3, archives: {count: 1}}\n`;
    const indented = item.replaceAll('\n', '\n    ').trimEnd();
    expect(
      names(`apiVersion: v1\nkind: List\nmetadata: {resourceVersion: ""}\nitems:\n  - ${indented}\n`),
    ).toEqual(['a']);
  });

  it('anchors and merge keys', () => {
    const text = `${HEAD}metadata: {name: a}
spec:
  podPolicies:
    - &base {namespace: shop, pod: a, maxCheckpoints: 3}
    - {<<: *base, pod: b}
`;
    const { objects } = readPolicyText(text, 'policy.yaml');
    expect(objects[0]?.spec.podPolicies?.[1]).toEqual({ namespace: 'shop', pod: 'b', maxCheckpoints: 3 });
  });
});

describe('readPolicyText refuses', () => {
  it('every mistake of a file at once, with line, path, what was found and what to write', () => {
    const text = `${HEAD}metadata: {name: a}
spec:
  mode: enforce
  podPolicies:
    - namespace: shop
      pod: web-*
      maxTotalSize: "10"
    - namespace: shop
      maxCheckpoint: 3
`;
    expect(problemsOf(text)).toBe(`policy.yaml:5: spec.mode: "enforce" is not one of Enforce, Audit
  did you mean Enforce?
policy.yaml:9: spec.podPolicies[0].maxTotalSize: "10" is less than 1Mi
  did you mean 10Mi?
policy.yaml:10: spec.podPolicies[1].pod: pod is missing
  add pod: web-*
policy.yaml:10: spec.podPolicies[1]: sets no limit
  add one of maxCheckpoints, maxCheckpointSize, maxTotalSize, maxCheckpointAge, keepLast, or retainOrphan: false; 0 says that a limit is off
policy.yaml:11: spec.podPolicies[1].maxCheckpoint: unknown field "maxCheckpoint"
  did you mean maxCheckpoints?`);
  });

  it('mistakes in several documents, which it numbers', () => {
    const text = `${object('a', '{mode: Enforce}')}---\n${object('b')}---\nkind: Secret\n`;
    expect(problemsOf(text)).toBe(`policy.yaml:4 (document 1): spec: holds no rule
  add one of globalPolicy, nodePolicy, namespacePolicies, podPolicies, containerPolicies
policy.yaml:11 (document 3): kind: this is a Secret, not a CheckpointRetentionPolicy
  write only objects of kind CheckpointRetentionPolicy here`);
  });

  it('mistakes in the items of a List', () => {
    const item = '{apiVersion: v1, kind: Pod}';
    expect(
      problemsOf(`apiVersion: v1\nkind: List\nitems:\n  - ${item}\nextra: 1\n`),
    ).toBe(`policy.yaml:4: items[0].kind: this is a Pod, not a CheckpointRetentionPolicy
  write only objects of kind CheckpointRetentionPolicy here
policy.yaml:5: extra: unknown field "extra"
  known here: apiVersion, kind, metadata, items`);
  });

  it('two objects of one name', () => {
    expect(problemsOf(`${object('a')}---\n${object('a')}`)).toBe(
      'policy.yaml:8 (document 2): metadata.name: another object of this file is also called a\n  give each object its own name',
    );
  });

  it('a label with dots, named so that it can be found', () => {
    const spec = '{globalPolicy: {keepLast: 1}, nodeSelector: {kubernetes.io/arch: 1}}';
    expect(problemsOf(object('a', spec))).toBe(
      'policy.yaml:4: spec.nodeSelector["kubernetes.io/arch"]: 1 is not a string\n  write it in quotes: "1"',
    );
  });

  it.each([
    ['an empty file', ''],
    ['a file of comments', '# nothing\n'],
    ['a List without items', 'apiVersion: v1\nkind: List\nitems: []\n'],
  ])('%s, which would be no policy', (_, text) => {
    expect(problemsOf(text)).toBe(
      'policy.yaml: holds no CheckpointRetentionPolicy\n  write at least one object; to delete nothing, use mode: Audit',
    );
  });

  it.each([
    ['a YAML error', 'a: [1\nb: 2\n', 'policy.yaml:2: not valid YAML: Flow sequence'],
    [
      'a duplicate key',
      `${object('a')}spec: {}\n`,
      'policy.yaml:5: the same key is written twice in one map',
    ],
    ['text', 'hello', 'policy.yaml:1: "hello" is not an object'],
    ['a list', '[1, 2]', 'policy.yaml:1: [1,2] is not an object'],
    ['an unknown alias', 'a: *b', 'policy.yaml:1: not a plain value: Unresolved alias'],
    [
      'an alias inside its own anchor',
      'a: &a\n  b: *a\n',
      'policy.yaml:1: not a plain value: an alias refers to what contains it',
    ],
    ['a merge of what is no map', 'a: {<<: 1}', 'policy.yaml:1: not a plain value: Merge sources'],
    ['a file that is too long', ' '.repeat(5_000_000), 'policy.yaml: is longer than'],
    ['an unknown tag that would make an object', '!!js/function x', 'policy.yaml:1: "x" is not an object'],
  ])('%s', (_, text, start) => {
    expect(problemsOf(text)).toMatch(new RegExp(`^${start.replace(/[[\].*]/g, '\\$&')}`));
  });

  it('a bomb of aliases, without unfolding it', () => {
    const levels = 'abcdefghijkl'.split('');
    const lines = levels.map((name, i) =>
      i === 0
        ? `${name}: &${name} [x]`
        : `${name}: &${name} [${Array(9)
            .fill(`*${levels[i - 1]}`)
            .join(', ')}]`,
    );
    expect(problemsOf(lines.join('\n'))).toMatch(/not a plain value: Excessive alias count/);
  });

  it.each([500, 1_000, 2_000, 4_000, 10_000])(
    '%d levels of nesting, without running out of stack',
    (depth) => {
      expect(problemsOf(`a: ${'['.repeat(depth)}${']'.repeat(depth)}`)).not.toBe('');
    },
  );
});
