import type { AppError } from '@checkpoint-warden/errors';
import { describe, expect, it } from 'vitest';
import { fixedAgents } from './fixed-agents.ts';

describe('fixedAgents', () => {
  it('reads names and URLs', () => {
    expect(fixedAgents(['node-1=https://10.0.0.1:9464', 'b.example=https://b/'])).toEqual([
      { node: 'node-1', url: 'https://10.0.0.1:9464', origin: '--agent' },
      { node: 'b.example', url: 'https://b', origin: '--agent' },
    ]);
  });

  it('tells every one that is wrong, and what to write', () => {
    const wrong = [
      'node-1',
      '=https://a',
      'Node=https://a',
      'a=http://a',
      'a=https://a/path',
      'a=https://a?q=1',
      'a=nonsense',
    ];
    try {
      fixedAgents([...wrong, 'b=https://b', 'b=https://c']);
      expect.unreachable();
    } catch (error) {
      const { code, problems } = error as AppError;
      expect(code).toBe('CW_ERR_USAGE');
      expect(problems.map(({ found, message }) => found ?? message)).toEqual([
        ...wrong.map((text) => JSON.stringify(text)),
        'b is given more than once',
      ]);
    }
  });
});
