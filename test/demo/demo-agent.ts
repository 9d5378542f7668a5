import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { PROGRAM } from './program.ts';

/** How long the demo waits for one thing. */
const DEADLINE_MS = 20_000;

/** One deletion, as the audit log tells it. */
export interface DemoDeletion {
  readonly archive: string;
  readonly bytes: number;
  readonly reason: string;
  readonly rule: string;
}

/** The agent of the demo: the real program in a process of its own. */
export interface DemoAgent {
  readonly metricsUrl: string;
  readonly auditDir: string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<unknown>;
  /** Waits until so many more deletions are in the audit log. */
  until(what: string, deletions: number): Promise<void>;
  untilLogged(text: string): Promise<void>;
  /** Deletions since the last call. */
  newDeletions(): readonly DemoDeletion[];
  /** The text of `/metrics`. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts the agent and waits until it listens. Its log is kept, and shown when something goes wrong. */
export async function startDemoAgent(dirs: {
  readonly root: string;
  readonly checkpointDir: string;
  readonly policyFile: string;
}): Promise<DemoAgent> {
  const stateDir = join(dirs.root, 'state');
  const auditDir = join(stateDir, 'audit');
  const child = spawn(
    process.execPath,
    [
      PROGRAM,
      'agent',
      ...['--checkpoint-dir', dirs.checkpointDir, '--policy-file', dirs.policyFile, '--state-dir', stateDir],
      ...[
        '--metrics-listen',
        '127.0.0.1:0',
        '--scan-interval',
        '2s',
        '--quiet-period',
        '1s',
        '--node-name',
        'demo',
      ],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = once(child, 'exit');
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  let seen = 0;
  const deletions = (): DemoDeletion[] => readDeletions(auditDir);

  async function wait(what: string, isTrue: () => boolean): Promise<void> {
    const endMs = performance.now() + DEADLINE_MS;
    while (!isTrue()) {
      if (performance.now() > endMs || child.exitCode !== null) {
        throw new Error(`waited in vain for ${what}; the agent's log:\n${log}`);
      }
      await setTimeout(50);
    }
  }
  const address = () => /"name":"metrics","address":"([^"]+)"/.exec(log)?.[1];
  try {
    await wait('the agent to listen', () => address() !== undefined);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const metricsUrl = `http://${address()}/metrics`;
  return {
    metricsUrl,
    auditDir,
    ended,
    until: (what, count) => wait(what, () => deletions().length >= seen + count),
    untilLogged: (text) => wait(`the log to say: ${text}`, () => log.includes(text)),
    newDeletions() {
      const fresh = deletions().slice(seen);
      seen += fresh.length;
      return fresh;
    },
    metrics: async () => (await fetch(metricsUrl)).text(),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Deletions whose outcome is in the log, in order. */
function readDeletions(auditDir: string): DemoDeletion[] {
  const intents = new Map<number, DemoDeletion>();
  const done: DemoDeletion[] = [];
  for (const file of readdirSync(auditDir)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()) {
    for (const line of readFileSync(join(auditDir, file), 'utf8').split('\n')) {
      if (!line.startsWith('{') || !line.endsWith('}')) continue;
      const entry = JSON.parse(line);
      if (entry.kind === 'intent') intents.set(entry.seq, entry);
      const intent = intents.get(entry.intent);
      if (entry.kind === 'outcome' && entry.result === 'deleted' && intent !== undefined) done.push(intent);
    }
  }
  return done;
}
