import { expect, it } from 'vitest';
import { staleFiles } from '../generate.ts';

it('the generated files are what the schema gives; else run node packages/api/generate.ts', async () => {
  expect(await staleFiles()).toEqual([]);
});
