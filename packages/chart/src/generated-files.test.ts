import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { GENERATED_FILES } from '../generate.ts';

const root = new URL('../../../', import.meta.url);

describe('the generated files', () => {
  it.each([...GENERATED_FILES])(
    '%s is what this package makes; else run npm run generate',
    async (path, generate) => {
      expect(await readFile(new URL(path, root), 'utf8')).toBe(generate());
    },
  );
});
