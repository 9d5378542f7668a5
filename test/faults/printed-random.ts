import { type SeededRandom, seededRandom } from '@checkpoint-warden/agent/testing';

/**
 * Random choices whose seed is printed when the test fails. FAULTS_SEED repeats them, as far as the machine's own timing
 * allows.
 */
export function printedRandom(): SeededRandom {
  const seed = Number(process.env.FAULTS_SEED ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`FAULTS_SEED=${seed}`);
  return seededRandom(seed);
}
