// Prints the notes of the release that a tag is for: `node packages/tooling/release-notes.mjs v0.1.0`. Fails where the tag
// is not the version of the program, of the chart and of an entry in the changelog.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chartVersions } from './chart-version.mjs';
import { ROOT } from './versions.mjs';

/**
 * @param {object} release
 * @param {string} release.tag such as `v0.1.0`
 * @param {string} release.program the version in packages/cli/package.json
 * @param {string} release.chart the text of Chart.yaml
 * @param {string} release.changelog the text of CHANGELOG.md as Changesets writes it
 * @returns {string} Markdown
 * @throws Error that names what has another version
 */
export function releaseNotes({ tag, program, chart, changelog }) {
  const [, version] = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/.exec(tag) ?? [];
  if (version === undefined)
    throw new Error(`${tag} is not the tag of a release: those are v1.2.3 or v1.2.3-rc.0`);
  const others = Object.entries({
    'packages/cli/package.json': [program],
    'Chart.yaml': chartVersions(chart),
  })
    .filter(([, versions]) => versions.join() !== version)
    .map(([file, versions]) => `${file} has ${versions.join(' and ')}`);
  if (others.length > 0) throw new Error(`${tag} is not the version of everything: ${others.join(', ')}`);
  const entry = changelog.split(/^## /m).find((text) => text.startsWith(`${version}\n`));
  if (entry === undefined) throw new Error(`CHANGELOG.md has no entry "## ${version}"`);
  return `${entry.slice(version.length).trim()}\n`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const read = (/** @type {string} */ path) =>
    existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : '';
  try {
    process.stdout.write(
      releaseNotes({
        tag: process.argv[2] ?? '',
        program: JSON.parse(read('packages/cli/package.json')).version,
        chart: read('charts/checkpoint-warden/Chart.yaml'),
        changelog: read('packages/cli/CHANGELOG.md'),
      }),
    );
  } catch (error) {
    console.error(`release: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
