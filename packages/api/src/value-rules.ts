import {
  DURATION_PATTERN,
  MIN_SIZE,
  type ParseResult,
  parseDuration,
  parseSize,
  SIZE_PATTERN,
} from '@checkpoint-warden/policy';
import { PERCENT_PATTERN, parseFreeSpace } from './free-space.ts';
import type { CelRule, Refusal, SchemaRule } from './schema-rule.ts';

const SIZE_EXAMPLES = 'write a size such as 500Mi or 1.5Gi, or 0 for no limit';

// `sign()` does not compile in the API server's CEL (seen with 1.37), hence compareTo with 0.
const LARGE_ENOUGH = `(quantity(self).compareTo(quantity('0')) == 0 || !quantity(self).isLessThan(quantity('${MIN_SIZE}')))`;
const TOO_SMALL = `self + ' is less than ${MIN_SIZE}: ' + (self.matches('^[+]?[0-9.]+$') ? 'did you mean ' + self.replace('+', '') + 'Mi?' : 'write at least ${MIN_SIZE}, or 0 for no limit')`;

/** A size: whole MiB as a number, or a quantity of at least 1Mi. */
export const SIZE_RULE: SchemaRule = {
  cel: {
    rule: `type(self) == int || (self.matches('${SIZE_PATTERN}') && ${LARGE_ENOUGH})`,
    messageExpression: `self.matches('${SIZE_PATTERN}') ? ${TOO_SMALL} : self + ' is not a size: ${SIZE_EXAMPLES}'`,
  },
  check: (value) => refusal(value, parseSize),
};

/** Free space: a percentage or a size. */
export const FREE_SPACE_RULE: SchemaRule = {
  cel: {
    rule: `type(self) == int || self.matches('${PERCENT_PATTERN}') || (self.matches('${SIZE_PATTERN}') && ${LARGE_ENOUGH})`,
    messageExpression: `self.matches('${SIZE_PATTERN}') ? ${TOO_SMALL} : self + ' is neither a percentage below 100 nor a size: write 10% or 20Gi, or 0 for no limit'`,
  },
  check: (value) => refusal(value, parseFreeSpace),
};

/** A duration. */
export const DURATION_RULE: SchemaRule = {
  cel: {
    rule: `self != '' && self.matches('${DURATION_PATTERN}')`,
    messageExpression: `'"' + self + '" is not a duration: write a duration such as 90s, 15m, 72h, 7d or 1h30m'`,
  },
  check: (value) => {
    if (typeof value === 'string') return asRefusal(parseDuration(value));
    return typeof value === 'number'
      ? { message: `${value} is not a duration`, remedy: `write "${value}s" for seconds` }
      : undefined;
  },
};

/** JavaScript and RE2 read it alike. */
export const NAME_PATTERN = '^[a-z0-9.*-]+$';
export const NAME_FORM = 'a name or pattern of lower-case letters, digits, "-", "." and "*"';

/** {@link NAME_PATTERN} once more: where only a pattern is not met, the API server shows the pattern and tells nothing. */
export function nameCel(example: string): CelRule {
  return {
    rule: `self.matches('${NAME_PATTERN}')`,
    messageExpression: `'"' + self + '" is not ${NAME_FORM}: write a value such as ${example}'`,
  };
}

function refusal<T>(value: unknown, parse: (value: number | string) => ParseResult<T>): Refusal | undefined {
  return typeof value === 'number' || typeof value === 'string' ? asRefusal(parse(value)) : undefined;
}

function asRefusal(result: ParseResult<unknown>): Refusal | undefined {
  return result.ok ? undefined : { message: result.message, remedy: result.remedy };
}
