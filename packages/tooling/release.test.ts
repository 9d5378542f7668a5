import { describe, expect, it } from 'vitest';
import { chartVersions, withChartVersion } from './chart-version.mjs';
import { releaseNotes } from './release-notes.mjs';

const CHART =
  'apiVersion: v2\nname: checkpoint-warden\nversion: 0.2.0\nappVersion: 0.2.0\n# 0.2.0 is old\nkubeVersion: ">=1.30.0-0"\n';

const CHANGELOG = `# checkpoint-warden

## 0.2.0

### Minor Changes

- Two.

## 0.2.0-rc.0

- A candidate.

## 0.1.0

- One.
`;

const RELEASE = { tag: 'v0.2.0', program: '0.2.0', chart: CHART, changelog: CHANGELOG };

describe('the version of the chart', () => {
  it('is set in both of its fields and nowhere else', () => {
    expect(withChartVersion(CHART, '1.0.0-rc.1')).toBe(
      'apiVersion: v2\nname: checkpoint-warden\nversion: 1.0.0-rc.1\nappVersion: 1.0.0-rc.1\n# 0.2.0 is old\nkubeVersion: ">=1.30.0-0"\n',
    );
  });

  it('is one where both fields agree', () => {
    expect(chartVersions(CHART)).toEqual(['0.2.0']);
    expect(chartVersions(CHART.replace('appVersion: 0.2.0', 'appVersion: 0.1.0'))).toEqual([
      '0.2.0',
      '0.1.0',
    ]);
  });

  it('must be written where it is looked for', () => {
    expect(() => withChartVersion('version: 0.2.0\n', '1.0.0')).toThrow(
      'Chart.yaml has no line "appVersion: VERSION"',
    );
  });
});

describe('the notes of a release', () => {
  it('are its entry in the changelog', () => {
    expect(releaseNotes(RELEASE)).toBe('### Minor Changes\n\n- Two.\n');
  });

  it('are those of a candidate for its tag', () => {
    const version = '0.2.0-rc.0';
    const candidate = { tag: `v${version}`, program: version, chart: withChartVersion(CHART, version) };
    expect(releaseNotes({ ...RELEASE, ...candidate })).toBe('- A candidate.\n');
  });

  it.each([
    ['a tag of another form', { tag: '0.2.0' }, '0.2.0 is not the tag of a release'],
    ['a tag that goes on', { tag: 'v0.2.0;x' }, 'v0.2.0;x is not the tag of a release'],
    ['a program of another version', { program: '0.1.0' }, 'packages/cli/package.json has 0.1.0'],
    [
      'a chart of two versions',
      { chart: CHART.replace('appVersion: 0.2.0', 'appVersion: 0.1.0') },
      'Chart.yaml has 0.2.0 and 0.1.0',
    ],
    [
      'a changelog without it',
      { changelog: '# checkpoint-warden\n' },
      'CHANGELOG.md has no entry "## 0.2.0"',
    ],
  ])('are refused for %s', (_, change, message) => {
    expect(() => releaseNotes({ ...RELEASE, ...change })).toThrow(message);
  });
});
