import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ERROR_CODES } from './codes.ts';

it('has the same codes, statuses and meanings as the reference', () => {
  const reference = readFileSync(new URL('../../../docs/reference/errors.md', import.meta.url), 'utf8');
  const documented = [...reference.matchAll(/^\| `(CW_ERR_\w+)` \| (\d+) \| (.+?) \| .+ \|$/gm)].map(
    ([, code, status, meaning]) => [code, { status: Number(status), meaning }],
  );
  expect(Object.fromEntries(documented)).toEqual(ERROR_CODES);
});
