import { expect, it } from 'vitest';
import { didYouMean } from './did-you-mean.ts';

const GLOBAL = [
  'maxCheckpointsPerNamespace',
  'maxCheckpointsPerPod',
  'maxCheckpointsPerContainer',
  'maxCheckpointSize',
  'maxCheckpointAge',
  'keepLast',
];

it.each([
  ['maxCheckpoint', ['maxCheckpoints', 'keepLast'], 'did you mean maxCheckpoints?'],
  ['keeplast', GLOBAL, 'did you mean keepLast?'],
  ['kepeLast', GLOBAL, 'did you mean keepLast?'],
  [
    'maxCheckpointsPer',
    GLOBAL,
    'did you mean maxCheckpointsPerNamespace or maxCheckpointsPerPod or maxCheckpointsPerContainer?',
  ],
  ['maxCheckpoint', GLOBAL, undefined],
  ['maximumCheckpointAge', GLOBAL, 'did you mean maxCheckpointAge?'],
  ['schedule', GLOBAL, undefined],
  ['', GLOBAL, undefined],
])('answers %j with the right question', (word, candidates, question) => {
  expect(didYouMean(word, candidates)).toBe(question);
});
