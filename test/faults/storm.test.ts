import { closeSync, openSync, renameSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import {
  archiveFileName,
  buildArchive,
  makeSandbox,
  type Sandbox,
  type SeededRandom,
  until,
} from '@checkpoint-warden/agent/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startAgentProcess, useAgentProcesses } from './agent-process.ts';
import { readAuditRecord } from './audit-record.ts';
import { replacePolicy } from './policy-text.ts';
import { printedRandom } from './printed-random.ts';

/** Each pattern under one policy, once; `npm run test:long` takes both and 20 times each. */
const LONG = process.env.WARDEN_DEV_LONG === '1';
const REPETITIONS = LONG ? 20 : 1;
const ARCHIVES = 200;
const LIMIT = 60;
const START_MS = Date.UTC(2024, 0, 1);

useAgentProcesses();
let sandbox: Sandbox;
beforeEach(() => {
  sandbox = makeSandbox();
});
afterEach(() => sandbox.remove());

/** One archive of a storm. */
interface Gust {
  readonly name: string;
  readonly path: string;
  readonly bytes: Buffer;
  readonly timeMs: number;
  mtimeMs: number;
  isComplete: boolean;
}

/** @param timeOf - second of the n-th archive */
function gusts(namespace: string, containers: number, timeOf: (n: number) => number): Gust[] {
  return Array.from({ length: ARCHIVES }, (_, n) => {
    const owner = { namespace, pod: `web-${n % 3}`, container: `app-${n % containers}` };
    const timeMs = START_MS + timeOf(n) * 1000;
    const name = archiveFileName(owner, new Date(timeMs));
    const bytes = buildArchive({ ...owner, pagesBytes: 4096 });
    return { name, path: join(sandbox.checkpointDir, name), bytes, timeMs, mtimeMs: 0, isComplete: false };
  });
}

/** The order of docs/explanation/retention.md, 3: by the time in the name, then mtime, then name. */
function newestFirst(a: Gust, b: Gust): number {
  return b.timeMs - a.timeMs || b.mtimeMs - a.mtimeMs || (a.name < b.name ? 1 : -1);
}

interface Pattern {
  readonly containers: number;
  timeOf(n: number): number;
  /** Writes all; calls `onStep` between any two writes. */
  write(all: readonly Gust[], onStep: () => Promise<void>, random: SeededRandom): Promise<void>;
}

function complete(gust: Gust): void {
  // The agent may take it as soon as its last byte is there, so its time is that of the write.
  const stats = statSync(gust.path, { bigint: true, throwIfNoEntry: false });
  gust.mtimeMs = stats === undefined ? Date.now() : Number(stats.mtimeNs / 1_000_000n);
  gust.isComplete = true;
}

async function writeInTurn(all: readonly Gust[], onStep: () => Promise<void>): Promise<void> {
  for (const gust of all) {
    writeFileSync(gust.path, gust.bytes);
    complete(gust);
    await onStep();
  }
}

/** What a storm can look like. */
const PATTERNS: Record<string, Pattern> = {
  'one after the other': { containers: 1, timeOf: (n) => n, write: writeInTurn },
  'the newest first': { containers: 1, timeOf: (n) => ARCHIVES - n, write: writeInTurn },
  'in any order': { containers: 4, timeOf: (n) => (n * 77) % ARCHIVES, write: writeInTurn },
  'many of the same second': { containers: 67, timeOf: (n) => Math.floor(n / 50), write: writeInTurn },
  'renamed in': {
    containers: 2,
    timeOf: (n) => n,
    async write(all, onStep) {
      for (const gust of all) {
        writeFileSync(`${gust.path}.part`, gust.bytes);
        renameSync(`${gust.path}.part`, gust.path);
        complete(gust);
        await onStep();
      }
    },
  },
  'many at once, piece by piece': {
    containers: 5,
    timeOf: (n) => n,
    async write(all, onStep, random) {
      const waiting = [...all];
      const open = new Map<Gust, { readonly fd: number; position: number }>();
      while (waiting.length + open.size > 0) {
        const next = open.size < 12 ? waiting.shift() : undefined;
        if (next !== undefined) open.set(next, { fd: openSync(next.path, 'w'), position: 0 });
        const gust = random.pick([...open.keys()]);
        const file = open.get(gust);
        if (file === undefined) continue;
        const length = Math.min(gust.bytes.length - file.position, 512 * (1 + random.below(120)));
        file.position += writeSync(file.fd, gust.bytes, file.position, length, file.position);
        if (file.position === gust.bytes.length) {
          closeSync(file.fd);
          open.delete(gust);
          complete(gust);
        }
        await onStep();
      }
    },
  },
};

const POLICIES = [
  `globalPolicy: {maxCheckpointsPerNamespace: ${LIMIT}}`,
  `namespacePolicies: [{namespace: 'storm-*', maxCheckpoints: ${LIMIT}}]`,
];

describe('200 archives within two seconds into a namespace with a limit of 60', () => {
  const cases = Object.entries(PATTERNS).flatMap(([name, pattern], index) =>
    POLICIES.filter((_, number) => LONG || number === index % POLICIES.length).map(
      (policy) => [name, policy, pattern] as const,
    ),
  );
  it.each(cases)(
    'leave exactly the newest 60, and at no time fewer: %s, %s',
    { timeout: 120_000 + REPETITIONS * 60_000 },
    async (_name, policy, pattern) => {
      const random = printedRandom();
      const policyFile = join(sandbox.checkpointDir, '..', 'policy.yaml');
      replacePolicy(policyFile, policy);
      const agent = startAgentProcess({ ...sandbox, policyFile });
      await agent.logged('first scan done');
      for (let repetition = 0; repetition < REPETITIONS; repetition++) {
        await storm(`storm-${repetition}`, pattern, random);
      }
      expect(await agent.stop()).toBe(0);
      const record = readAuditRecord(sandbox.stateDir);
      expect(record).toHaveLength(REPETITIONS * (ARCHIVES - LIMIT));
      expect(new Set(record.map(({ reason, result }) => `${reason} ${result}`))).toEqual(
        new Set(['over-count deleted']),
      );
      expect(agent.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
    },
  );
});

async function storm(namespace: string, pattern: Pattern, random: SeededRandom): Promise<void> {
  const all = gusts(namespace, pattern.containers, pattern.timeOf);
  expect(new Set(all.map(({ name }) => name)).size).toBe(ARCHIVES);
  let looks = 0;
  /** The newest 60 of those that are complete are there, whatever else is. */
  const look = (): Set<string> => {
    const due = all
      .filter(({ isComplete }) => isComplete)
      .sort(newestFirst)
      .slice(0, LIMIT);
    const there = new Set(sandbox.list().filter((name) => name.includes(`_${namespace}-`)));
    looks++;
    expect(due.filter(({ name }) => !there.has(name)).map(({ name }) => name)).toEqual([]);
    return there;
  };
  const startMs = performance.now();
  await pattern.write(
    all,
    async () => {
      look();
      await setImmediate();
    },
    random,
  );
  const tookMs = performance.now() - startMs;
  await until('exactly 60 are left', () => look().size === LIMIT);
  expect([...look()].sort()).toEqual(
    all
      .sort(newestFirst)
      .slice(0, LIMIT)
      .map(({ name }) => name)
      .sort(),
  );
  console.log(`${namespace}: written in ${Math.round(tookMs)} ms, ${looks} looks`);
}
