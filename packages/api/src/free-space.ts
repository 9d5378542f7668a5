import { type ParseResult, parseSize } from '@checkpoint-warden/policy';
import { showValue } from './finding.ts';

/** Free space wanted on a filesystem: a share of it, or bytes. `percent: 0` and `bytes: 0n`: off. */
export type FreeSpace = { readonly percent: number } | { readonly bytes: bigint };

/** A percentage below 100 with at most two decimals. JavaScript, RE2 and CEL read it alike. */
export const PERCENT_PATTERN = '^[0-9]{1,2}([.][0-9]{1,2})?%$';

const PERCENT = new RegExp(PERCENT_PATTERN);

/** Reads `10%` or a size as {@link parseSize} does (a number is MiB). */
export function parseFreeSpace(value: number | string): ParseResult<FreeSpace> {
  if (typeof value === 'string' && value.endsWith('%')) {
    if (PERCENT.test(value)) return { ok: true, value: { percent: Number(value.slice(0, -1)) } };
    return {
      ok: false,
      message: `${showValue(value)} is not a percentage below 100`,
      remedy: 'write a percentage such as 10%, or a size such as 20Gi',
    };
  }
  const size = parseSize(value);
  return size.ok ? { ok: true, value: { bytes: size.value } } : size;
}
