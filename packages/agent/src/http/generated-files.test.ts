import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { GENERATED_FILES } from '../../generate.ts';
import { apiDocument } from './api-document.ts';

const root = new URL('../../../../', import.meta.url);

describe('the generated files', () => {
  it.each([...GENERATED_FILES])(
    '%s is what the routes give; else run npm run generate',
    async (path, generate) => {
      expect(await readFile(new URL(path, root), 'utf8')).toBe(await generate());
    },
  );
});

describe('the OpenAPI document', () => {
  it('refers only to schemas it has', async () => {
    const document = await apiDocument();
    const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g);
    const used = new Set([...references].map(([, name]) => name ?? ''));
    expect(Object.keys(document.components.schemas)).toEqual([...used].sort());
  });

  it('says of every call what it is for and which errors it has', async () => {
    const operations = Object.values((await apiDocument()).paths).flatMap((methods) =>
      Object.values(methods),
    );
    expect(operations.length).toBeGreaterThan(0);
    for (const { summary, responses } of operations) {
      expect(summary).toMatch(/^[A-Z]/);
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '403', '500']));
    }
  });
});
