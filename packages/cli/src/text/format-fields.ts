/** Named values, one a line, aligned: `size      1.2 GiB`. */
export function formatFields(fields: readonly (readonly [string, string])[], indent = ''): string {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${indent}${name.padEnd(width)}  ${value}\n`).join('');
}
