import {
  formatDuration,
  formatQuantity,
  type ParseResult,
  parseDuration,
  parseSize,
} from '@checkpoint-warden/policy';
import type { Address, SettingSchema } from './setting.ts';

/** Reads the text of a setting into its value. */
export function parseSetting(schema: SettingSchema, text: string): ParseResult<unknown> {
  if (text === '')
    return refused('it is empty', `write ${schema.setting === 'text' ? 'a value' : `a ${schema.setting}`}`);
  switch (schema.setting) {
    case 'text':
      return { ok: true, value: text };
    case 'list':
      return parseList(text);
    case 'flag':
      return parseFlag(text);
    case 'choice':
      return parseChoice(text, schema.choices ?? []);
    case 'integer':
      return within(schema, parseInteger(text), String);
    case 'duration':
      return within(schema, parseDuration(text), formatDuration);
    case 'size':
      return within(schema, parseBytes(text), formatQuantity);
    case 'address':
      return parseAddress(text);
  }
}

function parseList(text: string): ParseResult<readonly string[]> {
  const items = text.split(',').map((item) => item.trim());
  if (items.every((item) => item !== '')) return { ok: true, value: Object.freeze(items) };
  return refused(`${JSON.stringify(text)} has an empty entry`, 'write values separated by single commas');
}

function parseFlag(text: string): ParseResult<boolean> {
  if (text === 'true' || text === 'false') return { ok: true, value: text === 'true' };
  return refused(`${JSON.stringify(text)} is neither true nor false`, 'write true or false');
}

function parseChoice(text: string, choices: readonly string[]): ParseResult<string> {
  if (choices.includes(text)) return { ok: true, value: text };
  return refused(`${JSON.stringify(text)} is none of the choices`, `write one of ${choices.join(', ')}`);
}

function parseInteger(text: string): ParseResult<number> {
  if (/^\d{1,15}$/.test(text)) return { ok: true, value: Number(text) };
  return refused(`${JSON.stringify(text)} is not a whole number`, 'write digits only');
}

function parseBytes(text: string): ParseResult<number> {
  const size = parseSize(text);
  return size.ok ? { ok: true, value: Number(size.value) } : size;
}

/** `HOST:PORT`, `[IPV6]:PORT` or `:PORT` for all addresses. */
function parseAddress(text: string): ParseResult<Address> {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    return refused(
      `${JSON.stringify(text)} is not an address`,
      'write HOST:PORT, such as 127.0.0.1:9090 or [::1]:9090, or :PORT for all addresses',
    );
  }
  return { ok: true, value: Object.freeze({ host: bracketed ?? plain ?? '', port }) };
}

function within(
  { min = 0, max = Number.MAX_SAFE_INTEGER }: SettingSchema,
  parsed: ParseResult<number>,
  show: (value: number) => string,
): ParseResult<number> {
  if (!parsed.ok) return parsed;
  if (parsed.value < min) return refused(`${show(parsed.value)} is too small`, `write at least ${show(min)}`);
  if (parsed.value > max) return refused(`${show(parsed.value)} is too large`, `write at most ${show(max)}`);
  return parsed;
}

function refused(message: string, remedy: string): ParseResult<never> {
  return { ok: false, message, remedy };
}
