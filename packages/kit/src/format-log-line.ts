/** The head of a line; the rest are the keys that vary. */
interface LogLine {
  readonly level?: unknown;
  readonly time?: unknown;
  readonly msg?: unknown;
  readonly err?: { readonly message?: unknown; readonly stack?: unknown };
  readonly [key: string]: unknown;
}

/**
 * One JSON line of the logger as people read it: `16:08:57 warn  archive cannot be deleted  archive=… err="…"`.
 * The stack of an error follows on lines of its own.
 */
export function formatLogLine(json: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(json) as LogLine;
  const clock = String(time).slice(11, 19);
  const fields = Object.entries(err === undefined ? rest : { ...rest, err: err.message });
  const head = `${clock} ${String(level).padEnd(5)} ${String(msg ?? '')}`;
  const text = [head, ...fields.map(([key, value]) => `${key}=${formatValue(value)}`)].join(' ');
  return typeof err?.stack === 'string' ? `${text}\n${err.stack}\n` : `${text}\n`;
}

/** Plain words stay as they are; all else is JSON, so that control characters never reach the terminal. */
function formatValue(value: unknown): string {
  return typeof value === 'string' && /^[\w.:/@+-]+$/.test(value) ? value : String(JSON.stringify(value));
}
