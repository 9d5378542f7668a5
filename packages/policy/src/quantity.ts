import { type ParseResult, refused } from './parse-result.ts';

/**
 * What a size given as text looks like: the positive part of a Kubernetes quantity, without the suffixes for parts of a
 * byte (`n`, `u`, `m`) and with an exponent of at most two digits. Written so that JavaScript, Go's RE2 and CEL read it alike.
 *
 * @see k8s.io/apimachinery v0.37 `pkg/api/resource/quantity.go`, the grammar above `type Quantity`
 */
export const SIZE_PATTERN =
  '^[+]?([0-9]+[.]?[0-9]*|[.][0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E|[eE][+-]?[0-9]{1,2})?$';

/** Longest size text that is looked at, in characters. */
export const MAX_SIZE_LENGTH = 32;

/** The smallest size that is a limit, as text: a limit of a few bytes would delete everything. */
export const MIN_SIZE = '1Mi';

const MEBIBYTE = 1n << 20n;

const UNITS: Readonly<Record<string, bigint>> = {
  '': 1n,
  k: 10n ** 3n,
  M: 10n ** 6n,
  G: 10n ** 9n,
  T: 10n ** 12n,
  P: 10n ** 15n,
  E: 10n ** 18n,
  Ki: 1n << 10n,
  Mi: 1n << 20n,
  Gi: 1n << 30n,
  Ti: 1n << 40n,
  Pi: 1n << 50n,
  Ei: 1n << 60n,
};

const BINARY_PREFIXES = ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki'] as const;
const LETTERS = 'kMGTPE';

const SIZE = new RegExp(SIZE_PATTERN);
const EXAMPLES = 'write a size such as 500Mi or 1.5Gi, or 0 for no limit';

/**
 * Reads a size. A number is whole MiB, a text is a Kubernetes quantity in bytes (`1.5Gi`, `200G`, `2e9`); parts of a byte
 * round up, as in Kubernetes. 0 is allowed and means that the limit is off.
 *
 * @returns bytes; refused are texts above zero and under 1 Mi, where a unit was surely forgotten
 * @example parseSize(10) // 10485760n
 * @example parseSize('10') // refused: "10" is less than 1Mi, did you mean 10Mi?
 */
export function parseSize(value: number | string): ParseResult<bigint> {
  return typeof value === 'number' ? parseMebibytes(value) : parseQuantity(value);
}

function parseMebibytes(value: number): ParseResult<bigint> {
  if (Number.isSafeInteger(value) && value >= 0) return { ok: true, value: BigInt(value) * MEBIBYTE };
  if (value < 0) return refused(`${value} is negative`, 'write 0 to switch the limit off');
  if (Number.isFinite(value) && !Number.isInteger(value)) {
    return refused(`${value} is not a whole number of MiB`, `write "${value}Mi"`);
  }
  return refused(`${value} is not a size`, EXAMPLES);
}

function parseQuantity(text: string): ParseResult<bigint> {
  const match = text.length <= MAX_SIZE_LENGTH ? SIZE.exec(text) : null;
  if (match === null) return refused(`${quoted(text)} is not a size`, remedyFor(text));
  const [, mantissa = '', suffix = ''] = match;
  const [whole = '', fraction = ''] = mantissa.split('.');
  const unit = UNITS[suffix];
  const exponent = unit === undefined ? Number(suffix.slice(1)) : 0;
  const numerator = BigInt(whole + fraction) * (unit ?? 1n) * 10n ** BigInt(Math.max(exponent, 0));
  const denominator = 10n ** BigInt(fraction.length + Math.max(-exponent, 0));
  // Compared before rounding, so that the CEL rule of the CRD, which compares exact quantities, draws the same line.
  if (numerator > 0n && numerator < MEBIBYTE * denominator) {
    return refused(
      `${quoted(text)} is less than ${MIN_SIZE}`,
      suffix === '' ? `did you mean ${mantissa}Mi?` : `write at least ${MIN_SIZE}, or 0 for no limit`,
    );
  }
  return { ok: true, value: (numerator + denominator - 1n) / denominator };
}

/** What the writer of a text that is no size probably meant. */
function remedyFor(text: string): string {
  if (text.length > MAX_SIZE_LENGTH) return EXAMPLES;
  const compact = text.replace(/\s+/g, '').replace(/(\d),(\d)/, '$1.$2');
  if (/^-[\d.]/.test(compact)) return 'write a size above 0, or 0 to switch the limit off';
  if (/^[\d.]+b(ytes?)?$/i.test(compact)) return 'write bytes without a unit';
  const match = /^([\d.]+)([kmgtpe])(i?)(b|bytes?)?$/i.exec(compact);
  if (match === null) return compact !== text && SIZE.test(compact) ? `write ${compact}` : EXAMPLES;
  const [, number = '', typed = '', binary] = match;
  if (!SIZE.test(number)) return EXAMPLES;
  const power = LETTERS.toLowerCase().indexOf(typed.toLowerCase());
  const letter = LETTERS.charAt(power);
  const binaryUnit = `${letter.toUpperCase()}i`;
  if (binary) return `write ${number}${binaryUnit}`;
  return `write ${number}${letter} (10^${3 * (power + 1)}) or ${number}${binaryUnit} (2^${10 * (power + 1)})`;
}

/**
 * Bytes for people, to one decimal: `512 B`, `1.4 GiB`.
 *
 * @param bytes - not negative
 */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
  const last = units.length - 1;
  let power = 0;
  let value = bytes;
  // 1023.95 would be shown as 1024 of the smaller unit.
  while (power < last && value >= (power === 0 ? 1024 : 1023.95)) {
    value /= 1024;
    power += 1;
  }
  return `${Number(value.toFixed(1))} ${units[power]}`;
}

/**
 * Bytes as a Kubernetes quantity in the largest binary unit that loses nothing: `1536Mi`, `10Gi`, `1500000`.
 * {@link parseSize} reads it back to the same bytes (from 1 Mi up).
 */
export function formatQuantity(bytes: bigint | number): string {
  const exact = BigInt(bytes);
  const prefix = BINARY_PREFIXES.find((unit) => exact !== 0n && exact % (UNITS[unit] ?? 1n) === 0n);
  return prefix === undefined ? String(exact) : `${exact / (UNITS[prefix] ?? 1n)}${prefix}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_SIZE_LENGTH ? `${text.slice(0, MAX_SIZE_LENGTH)}…` : text);
}
