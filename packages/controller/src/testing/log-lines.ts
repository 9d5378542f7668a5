import { createLogger, type Logger } from '@checkpoint-warden/kit';

/** A logger, and the messages that it was given, each with its level: `warn agent cannot be used`. */
export function logLines(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const write = (text: string): void => {
    const { level, msg } = JSON.parse(text) as { level: string; msg: string };
    lines.push(`${level} ${msg}`);
  };
  return { log: createLogger({ level: 'info', terminal: false, destination: { write } }), lines };
}
