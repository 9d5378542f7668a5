// The floor of a mass deletion: waits for a line, then unlinks every file of a list.
import { readFileSync, unlinkSync } from 'node:fs';

const [directory = '', victimsFile = ''] = process.argv.slice(2);
const victims: string[] = JSON.parse(readFileSync(victimsFile, 'utf8'));

process.stdin.once('data', () => {
  console.log('starting');
  for (const name of victims) unlinkSync(`${directory}/${name}`);
  process.exit();
});
console.log('waiting');
