import { describe, expect, it } from 'vitest';
import { clusterParts, countTests } from './test-run.mjs';

interface Counts {
  readonly passed?: number;
  readonly failed?: number;
  readonly skipped?: number;
  readonly files?: readonly { status: string; assertionResults: readonly unknown[] }[];
}

function result({ passed = 0, failed = 0, skipped = 0, files = [] }: Counts): string {
  return JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
    numTodoTests: 0,
    testResults: files,
  });
}

describe('countTests', () => {
  it('takes the counts of a good run as they are', () => {
    expect(countTests(0, result({ passed: 7, skipped: 2 }))).toEqual({ passed: 7, failed: 0, skipped: 2 });
  });

  it('counts failed tests', () => {
    expect(countTests(1, result({ passed: 7, failed: 3 }))).toMatchObject({ passed: 7, failed: 3 });
  });

  it('counts a file that cannot be loaded as one failure', () => {
    const files = [{ status: 'failed', assertionResults: [] }];
    expect(countTests(1, result({ passed: 7, files }))).toMatchObject({ passed: 7, failed: 1 });
  });

  it('fails when vitest fails although every test passed', () => {
    expect(countTests(1, result({ passed: 7 }))).toMatchObject({ passed: 7, failed: 1 });
  });

  it('fails when nothing was tested', () => {
    expect(countTests(0, result({ skipped: 4 }))).toMatchObject({ failed: 1 });
  });

  it('fails when vitest left no result', () => {
    expect(countTests(0, undefined)).toMatchObject({ failed: 1 });
  });
});

describe('clusterParts', () => {
  it.each([
    [[], ['--api', '--e2e']],
    [['--api'], ['--api']],
    [['--e2e', 'orphans'], ['--e2e']],
    [['test/cluster/crd.test.ts'], ['--api']],
    [['test/e2e/orphans'], ['--e2e']],
  ])('of %j are %j', (args, parts) => {
    expect(clusterParts(args)).toEqual(parts);
  });
});
