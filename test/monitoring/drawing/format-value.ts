/** A number in a unit of Grafana, about as Grafana writes it. */
export function formatValue(value: number, unit = 'short'): string {
  if (Number.isNaN(value)) return '–';
  switch (unit) {
    case 'bytes':
      return scaled(value, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB']);
    case 's':
      return seconds(value);
    case 'percentunit':
      return `${digits(value * 100)} %`;
    case 'ops':
      return `${scaled(value, 1000, ['', ' K', ' M'])} ops/s`;
    default:
      return scaled(value, 1000, ['', ' K', ' M', ' G']);
  }
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let step = 0;
  let rest = value;
  while (Math.abs(rest) >= base && step < units.length - 1) {
    rest /= base;
    step += 1;
  }
  return `${digits(rest)}${units[step]}`;
}

function seconds(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 0.001) return `${digits(value * 1e6)} µs`;
  if (size < 1) return `${digits(value * 1e3)} ms`;
  if (size < 120) return `${digits(value)} s`;
  if (size < 7_200) return `${digits(value / 60)} min`;
  if (size < 172_800) return `${digits(value / 3_600)} h`;
  return `${digits(value / 86_400)} d`;
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
