/** The fields of a Chart.yaml that hold a version of ours: of the chart, and of the program in its image. */
const FIELDS = ['version', 'appVersion'];

/**
 * A Chart.yaml with another version; chart and program always have the same. Everything else stays as it is written.
 *
 * @param {string} chart the text of a Chart.yaml
 * @param {string} version such as `0.2.0`
 */
export function withChartVersion(chart, version) {
  return FIELDS.reduce((text, field) => text.replace(lineOf(field, text), `${field}: ${version}`), chart);
}

/**
 * @param {string} chart the text of a Chart.yaml
 * @returns {string[]} what it says its versions are, one where they agree
 */
export function chartVersions(chart) {
  return [...new Set(FIELDS.map((field) => lineOf(field, chart).slice(`${field}: `.length)))];
}

/**
 * @param {string} field
 * @param {string} text
 */
function lineOf(field, text) {
  const line = new RegExp(`^${field}: \\S+$`, 'm').exec(text)?.[0];
  if (line === undefined) throw new Error(`Chart.yaml has no line "${field}: VERSION"`);
  return line;
}
