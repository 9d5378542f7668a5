// The floor of a reaction: for each archive that has become complete in a directory, unlinks the next victim of a list.
import { readFileSync, unlinkSync, watch } from 'node:fs';
import { hopHeaders } from './hop-headers.ts';

const [directory = '', victimsFile = ''] = process.argv.slice(2);
const victims: string[] = JSON.parse(readFileSync(victimsFile, 'utf8'));
const block = Buffer.alloc(512);
const handled = new Set<string | null>(victims);

watch(directory, (_event, name) => {
  if (handled.has(name) || !hopHeaders(`${directory}/${name}`, block)) return;
  handled.add(name);
  unlinkSync(`${directory}/${victims.shift()}`);
});
console.log('watching');
