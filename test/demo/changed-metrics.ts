/**
 * The samples of a metrics text that differ from an earlier one, as `name before → after`. Only the program's own, and of
 * histograms only the count: what a person would look at.
 */
export function changedMetrics(before: string, after: string): string[] {
  const old = new Map(samples(before));
  const lines: string[] = [];
  for (const [name, value] of samples(after)) {
    const was = old.get(name) ?? '0';
    if (was !== value && !/_(bucket|sum)\b|_timestamp_seconds|_duration_seconds|filesystem_/.test(name)) {
      lines.push(`${name}  ${was} → ${value}`);
    }
  }
  return lines;
}

function samples(text: string): [string, string][] {
  return [...text.matchAll(/^(checkpoint_warden_\S+) (\S+)$/gm)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
}
