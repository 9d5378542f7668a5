// The floor of a start: lists a directory and looks at each file; with `headers` also hops over each archive. Writes the
// milliseconds it took.
import { lstatSync, readdirSync } from 'node:fs';
import { hopHeaders } from './hop-headers.ts';

const [directory = '', what] = process.argv.slice(2);
const block = Buffer.alloc(512);

const startedMs = performance.now();
let found = 0;
for (const name of readdirSync(directory)) {
  const path = `${directory}/${name}`;
  if (!lstatSync(path).isFile()) continue;
  if (what !== 'headers' || hopHeaders(path, block)) found++;
}
console.log(`took ${performance.now() - startedMs} ms for ${found}`);
