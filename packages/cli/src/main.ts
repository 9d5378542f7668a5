import { text } from 'node:stream/consumers';
import type { Output } from './cli-io.ts';
import { runCli } from './run-cli.ts';

/** The program's entry: the only file that knows of the process. */

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

const exitCode = await runCli(process.argv.slice(2), {
  stdout: outputTo(process.stdout),
  stderr: outputTo(process.stderr),
  env: process.env,
  readStdin: () => text(process.stdin),
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
});
// An agent that a part of it keeps busy has to end as well, but not before everything has been written.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
