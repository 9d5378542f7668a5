import { text } from 'node:stream/consumers';
import type { Output } from './cli-io.ts';
import { runCli } from './run-cli.ts';

/** The program's entry: the only file that knows of the process. */

/** How long the process may go on after its command has ended, in ms. */
const BUSY_MS = 2_000;

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever was reading has seen enough, as `head` does.
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

function outputTo(stream: NodeJS.WriteStream): Output {
  return {
    write: (chunk) => void stream.write(chunk),
    isTerminal: stream.isTTY === true,
    columns: stream.columns,
  };
}

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: outputTo(process.stdout),
  stderr: outputTo(process.stderr),
  env: process.env,
  readStdin: () => text(process.stdin),
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
});
// The process is left to end by itself. `process.exit()` waits for V8's background compiler, which may be waiting for a garbage
// collection that only this thread could do, and then neither goes on (seen about once in fifty stops with Node.js 24.21). Only
// a part that keeps the process busy after all has been said and done is cut off.
setTimeout(() => process.exit(), BUSY_MS).unref();
