import { readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { groupKey } from './group-key.ts';
import { planRetention } from './plan-retention.ts';
import { formatBytes, parseSize } from './quantity.ts';
import { GOLDEN_CASES, type GoldenCase } from './testing/golden-cases.ts';
import { makeOwner } from './testing.ts';
import { type Archive, type ArchiveState, type Plan, REASONS, type Verdict } from './types.ts';

/**
 * Every case over one fixed list of archives, against the verdicts in `testdata/<case>.golden.txt`. After a change that
 * is meant, `UPDATE_GOLDENS=1 npm run vitest run packages/policy` writes them anew: review the difference like code.
 */
const TESTDATA = new URL('../testdata/', import.meta.url);
const UPDATE = process.env.UPDATE_GOLDENS === '1';
const NOW_MS = Date.parse('2026-11-24T12:00:00Z');
const DISK_BYTES = 500 * 2 ** 30;

/** An archive as `testdata/archives.json` writes it; its time is the one in its name. */
interface ArchiveRow {
  readonly name: string;
  readonly owner?: string;
  readonly size: string;
  readonly mtime?: string;
  readonly state?: ArchiveState;
  readonly pinned?: true;
  readonly node?: string;
}

function timeIn(name: string): string {
  return name.slice(-'2026-11-24T12:00:00Z.tar'.length, -'.tar'.length);
}

function toArchive(row: ArchiveRow): Archive {
  const size = parseSize(row.size);
  if (!size.ok) throw new Error(`testdata/archives.json: ${row.name}: ${size.message}`);
  const time = timeIn(row.name);
  return {
    name: row.name,
    node: row.node ?? 'node-1',
    sizeBytes: Number(size.value),
    createdAtMs: Date.parse(time),
    mtimeMs: Date.parse(row.mtime ?? time),
    state: row.state ?? 'complete',
    owner: row.owner === undefined ? undefined : makeOwner(row.owner),
    pinned: row.pinned ?? false,
  };
}

const rows: readonly ArchiveRow[] = JSON.parse(await readFile(new URL('archives.json', TESTDATA), 'utf8'));
const everywhere = rows.map(toArchive);
const archives = everywhere.filter(({ node }) => node === 'node-1');
const remote = everywhere.filter(({ node }) => node !== 'node-1');

function planCase({
  rules,
  node,
  due,
  clockTrusted = true,
  withRemote,
  gone = {},
  availBytes,
}: GoldenCase): Plan {
  return planRetention({
    archives,
    policy: { rules, node },
    nowMs: NOW_MS,
    ownerState: (owner) => {
      const goneForMs = gone[groupKey('container', owner)];
      return goneForMs === undefined ? { state: 'unknown' } : { state: 'absent', goneForMs };
    },
    remote: withRemote ? remote : [],
    due: due === undefined ? 'all' : new Set(due),
    clockTrusted,
    disk: availBytes === undefined ? undefined : { sizeBytes: DISK_BYTES, availBytes },
  });
}

function wordFor({ action, mode }: Verdict): string {
  return action === 'delete' && mode === 'Audit' ? 'would delete' : action;
}

/** The owner and the time, which tell more than a file name from which `ns-a`/`c` cannot be told from `ns`/`a-c`. */
function nameOf({ name, owner }: Archive): string {
  return owner === undefined ? name : `${groupKey('container', owner)} ${timeIn(name)}`;
}

function describeVerdict(verdict: Verdict): string {
  const { archive, reason, rule, group, held } = verdict;
  const why = [
    rule === undefined ? [] : `by ${rule.id}`,
    group === undefined ? [] : `in ${group}`,
    held === undefined ? [] : `held by ${held.by}: ${held.reason}`,
  ].flat();
  const size = formatBytes(archive.sizeBytes).padStart(8);
  const columns = [wordFor(verdict).padEnd(12), reason.padEnd(15), size, nameOf(archive)];
  return `${columns.join('  ')}${why.length > 0 ? `  (${why.join(', ')})` : ''}`;
}

function describePlan({ shows }: GoldenCase, { verdicts, unreachable }: Plan): string {
  const sums = ['keep', 'delete', 'would delete'].map((word) => {
    const some = verdicts.filter((verdict) => wordFor(verdict) === word);
    const bytes = some.reduce((sum, { archive }) => sum + archive.sizeBytes, 0);
    return some.length === 0 ? [] : `${word} ${some.length} (${formatBytes(bytes)})`;
  });
  const limits = unreachable.map(({ limit, rule, mode, group, excess }) => {
    const off = limit === 'maxCheckpoints' ? String(excess) : formatBytes(excess);
    return `unreachable: ${limit} of ${rule}${group === undefined ? '' : ` in ${group}`}, off by ${off} (${mode})`;
  });
  return `${[`# ${shows}`, sums.flat().join(', '), ...limits.sort(), '', ...verdicts.map(describeVerdict)].join('\n')}\n`;
}

describe('the golden plan', () => {
  it.each(GOLDEN_CASES)('$name: $shows', async (golden) => {
    const plan = planCase(golden);
    const kept = plan.verdicts.filter(({ action }) => action === 'keep');
    const deleted = plan.verdicts.filter(({ action }) => action === 'delete');
    expect(kept.length + deleted.length).toBe(archives.length);
    expect(new Set([...kept, ...deleted].map(({ archive }) => archive))).toEqual(new Set(archives));
    for (const { action, reason } of plan.verdicts) expect(action).toBe(REASONS[reason].action);
    for (const { archive } of deleted) expect(archive.pinned || archive.state === 'writing').toBe(false);

    const file = new URL(`${golden.name}.golden.txt`, TESTDATA);
    const text = describePlan(golden, plan);
    if (UPDATE) await writeFile(file, text);
    expect(text).toBe(await readFile(file, 'utf8'));
  });

  it('has a case for every file', async () => {
    const files = (await readdir(TESTDATA)).filter((name) => name.endsWith('.golden.txt'));
    expect(files.sort()).toEqual(GOLDEN_CASES.map(({ name }) => `${name}.golden.txt`).sort());
  });

  it('shows every reason and every limit that can be unreachable', () => {
    const plans = GOLDEN_CASES.map(planCase);
    const reasons = new Set(plans.flatMap(({ verdicts }) => verdicts.map(({ reason }) => reason)));
    const limits = new Set(plans.flatMap(({ unreachable }) => unreachable.map(({ limit }) => limit)));
    expect([...reasons].sort()).toEqual(Object.keys(REASONS).sort());
    expect([...limits].sort()).toEqual([
      'maxCheckpoints',
      'maxTotalSize',
      'minFreeSpace',
      'nodeMaxTotalSize',
    ]);
  });
});
