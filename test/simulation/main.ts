import { walk } from './walk.ts';
const [first = 1, count = 1] = process.argv.slice(2).map(Number);
const start = performance.now();
for (let seed = first; seed < first + count; seed++) {
  const t = performance.now();
  const report = await walk(seed);
  if (report.violations.length > 0) {
    console.log(`seed ${seed} (${Math.round(performance.now() - t)} ms)\n  ${report.violations.slice(0, 4).join('\n  ')}`);
    if (count === 1) console.log(report.trace.join('\n'));
  }
  if (count === 1) console.log(JSON.stringify(report.counts, null, 1));
}
console.log(`${Math.round((performance.now() - start) / count)} ms a walk`);
