import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createStatistics, describeCounts } from './statistics.ts';
import { type WalkReport, walk } from './walk.ts';

const USAGE = `Use: npm run simulate -- [--seed N] [--seeds N] [--workers N]

Walks at random through the whole control plane on a virtual clock and asks an oracle of everything that happens.
  --seed N     the first seed (1)
  --seeds N    how many (1,000)
  --workers N  threads (one a core)
  --stop       end with the first failure

What it plays and checks: test/simulation/README.md`;

const PROGRESS_MS = 10_000;
/** Of that many failures all is told; of the others, the seed. */
const MAX_TOLD = 5;

interface Share {
  readonly seed: number;
  readonly end: number;
  readonly step: number;
}

if (isMainThread) process.exitCode = await lead(readArguments());
else await work(workerData as Share);

function readArguments() {
  const whole = (name: string, text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < 1)
      throw new Error(`--${name} is not a number from 1 on: ${text}`);
    return value;
  };
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string', default: '1' },
        seeds: { type: 'string', default: '1000' },
        workers: { type: 'string', default: String(availableParallelism()) },
        stop: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit();
    }
    return {
      seed: whole('seed', values.seed),
      seeds: whole('seeds', values.seeds),
      workers: whole('workers', values.workers),
      stop: values.stop,
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** Shares the seeds out among threads, and adds up what they report. @returns the exit code */
async function lead({ seed, seeds, workers, stop }: ReturnType<typeof readArguments>): Promise<number> {
  const startedMs = performance.now();
  const statistics = createStatistics();
  const failed: number[] = [];
  const threads: Worker[] = [];
  let done = 0;
  const seconds = () => Math.round((performance.now() - startedMs) / 1000);
  const progress = setInterval(() => {
    const rate = ((done * 1000) / (performance.now() - startedMs)).toFixed(1);
    const failures = failed.length === 0 ? 'none failed' : `${failed.length} failed: ${failed.join(', ')}`;
    console.error(`  ${done} of ${seeds} walks, ${seconds()} s, ${rate} a second, ${failures}`);
  }, PROGRESS_MS);
  const runWorker = (index: number) =>
    new Promise<void>((resolve, reject) => {
      const share: Share = { seed: seed + index, end: seed + seeds, step: workers };
      const thread = new Worker(new URL(import.meta.url), { workerData: share });
      threads.push(thread);
      thread
        .on('message', (report: WalkReport) => {
          done += 1;
          statistics.add(report.counts);
          if (report.violations.length === 0) return;
          failed.push(report.seed);
          if (failed.length <= MAX_TOLD) console.log(describeFailure(report));
          if (stop) for (const each of threads) void each.terminate();
        })
        .on('error', reject)
        .on('exit', () => resolve());
    });
  await Promise.all(Array.from({ length: Math.min(workers, seeds) }, (_, index) => runWorker(index)));
  clearInterval(progress);
  console.log(`${done} walks from seed ${seed} in ${seconds()} s on ${workers} threads`);
  console.log(describeCounts(statistics.counts));
  if (failed.length > 0) console.log(`failed: ${failed.sort((a, b) => a - b).join(', ')}`);
  return failed.length === 0 && done === seeds ? 0 : 1;
}

async function work({ seed: first, end, step }: Share): Promise<void> {
  for (let seed = first; seed < end; seed += step) parentPort?.postMessage(await walk(seed));
}

function describeFailure({ seed, violations, trace }: WalkReport): string {
  return `seed ${seed}\n  ${trace.join('\n  ')}\n  ${violations.map((each) => `VIOLATION ${each}`).join('\n  ')}`;
}
