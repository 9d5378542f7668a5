import { expect, it } from 'vitest';
import { waitUntil } from './wait-until.ts';

it('gives the first answer that is one, and 0 and the empty text are', async () => {
  const answers = [undefined, false, 0];
  expect(await waitUntil(() => answers.shift(), { what: 'an answer', withinMs: 5_000, everyMs: 1 })).toBe(0);
  expect(await waitUntil(() => '', { what: 'an answer', withinMs: 5_000 })).toBe('');
});

it('says at the deadline what it has waited for, and what the last look threw', async () => {
  const look = () => {
    throw new Error('connection refused');
  };
  await expect(waitUntil(look, { what: 'the server answers', withinMs: 20, everyMs: 5 })).rejects.toThrow(
    /^not so after 0\.02 s: the server answers\nthe last look: Error: connection refused$/,
  );
});

it('does not wait any longer when there is no point in it', async () => {
  const hopeless = () => 'etcd ended';
  const waiting = waitUntil(() => false, { what: 'the server answers', withinMs: 600_000, hopeless });
  await expect(waiting).rejects.toThrow('etcd ended: the server answers');
});
