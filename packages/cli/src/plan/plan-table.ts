import {
  formatBytes,
  orderTimeMs,
  type PlanSummary,
  REASONS,
  type UnreachableLimit,
  type Verdict,
} from '@checkpoint-warden/policy';
import { type AgentInForce, describeAgent } from '../running-agent/agent-in-force.ts';
import { countOf } from '../text/count-of.ts';
import { formatAge } from '../text/format-age.ts';
import { type Column, formatTable } from '../text/format-table.ts';
import { fileTimeOf } from '../text/format-time.ts';
import type { Paint } from '../text/paint.ts';
import type { PlanReport, ReasonSum } from './plan-report.ts';

/** A plan for people: what goes and stays, then the sums. */
export function planTable(report: PlanReport, paint: Paint, form: 'table' | 'wide'): string {
  const heading = (line: string): string => paint('bold', line);
  const { verdicts, summary, reasons, unreachable, notes, nowMs, by } = report;
  const columns = [...verdictColumns(nowMs, paint), ...(form === 'wide' ? WIDE_COLUMNS : []), ARCHIVE_COLUMN];
  const parts = [
    ...(verdicts.length === 0 ? [] : [formatTable(verdicts, columns, heading)]),
    ...(summary.namespaces.size === 0 ? [] : [namespaceTable(summary, heading)]),
    ...(reasons.length === 0 ? [] : [formatTable(reasons, REASON_COLUMNS, heading)]),
    ...(unreachable.length === 0 ? [] : [unreachableList(unreachable, heading)]),
    [conclusion(summary.total, by), ...notes.map((note) => `note: ${note}`), ''].join('\n'),
  ];
  return parts.join('\n');
}

/** What would become of an archive, in one word: a deletion that is only reported is marked as such. */
function fateOf({ action, mode }: Verdict): 'keep' | 'delete' | 'audit' {
  return action === 'delete' && mode === 'Audit' ? 'audit' : action;
}

function verdictColumns(nowMs: number, paint: Paint): Column<Verdict>[] {
  const fateStyle = { keep: 'green', delete: 'red', audit: 'yellow' } as const;
  return [
    { heading: 'ACTION', cell: fateOf, paint: (cell, verdict) => paint(fateStyle[fateOf(verdict)], cell) },
    { heading: 'SIZE', cell: ({ archive }) => formatBytes(archive.sizeBytes), align: 'right' },
    { heading: 'AGE', cell: ({ archive }) => ageOf(archive, nowMs), align: 'right' },
    { heading: 'REASON', cell: reasonOf },
    { heading: 'RULE', cell: ({ rule }) => rule?.id ?? '-' },
  ];
}

const WIDE_COLUMNS: readonly Column<Verdict>[] = [
  { heading: 'NAMESPACE', cell: ({ archive }) => archive.owner?.namespace ?? '-' },
  { heading: 'POD', cell: ({ archive }) => archive.owner?.pod ?? '-' },
  { heading: 'CONTAINER', cell: ({ archive }) => archive.owner?.container ?? '-' },
  { heading: 'TIME', cell: ({ archive }) => fileTimeOf(archive.createdAtMs) },
  { heading: 'STATE', cell: ({ archive }) => archive.state },
  { heading: 'GROUP', cell: ({ group }) => group ?? '-' },
  { heading: 'BYTES', cell: ({ archive }) => String(archive.sizeBytes), align: 'right' },
];

const ARCHIVE_COLUMN: Column<Verdict> = { heading: 'ARCHIVE', cell: ({ archive }) => archive.name };

function ageOf(archive: Verdict['archive'], nowMs: number): string {
  const timeMs = orderTimeMs(archive, nowMs);
  return timeMs === undefined ? 'future' : formatAge(nowMs - timeMs);
}

/** With what held the archive back, where a limit had called for it: `over-count, but keep-last`. */
function reasonOf({ reason, held }: Verdict): string {
  return held === undefined ? reason : `${held.reason}, but ${held.by}`;
}

type NamespaceRow = readonly [name: string, summary: PlanSummary];

function namespaceTable(
  { total, namespaces }: PlanReport['summary'],
  heading: (line: string) => string,
): string {
  // The empty name comes first in the order of names and last in what matters.
  const rows: NamespaceRow[] = [...namespaces].filter(([name]) => name !== '');
  const ownerless = namespaces.get('');
  if (ownerless !== undefined) rows.push(['(owner unknown)', ownerless]);
  if (rows.length > 1) rows.push(['all', total]);
  const amount = (fate: keyof PlanSummary, title: string): Column<NamespaceRow>[] => [
    { heading: title, cell: ([, summary]) => summary[fate].count.toLocaleString('en-US'), align: 'right' },
    { heading: 'SIZE', cell: ([, summary]) => formatBytes(summary[fate].bytes), align: 'right' },
  ];
  const columns = [
    { heading: 'NAMESPACE', cell: ([name]: NamespaceRow) => name },
    ...amount('keep', 'KEEP'),
    ...amount('delete', 'DELETE'),
    ...(total.audit.count > 0 ? amount('audit', 'AUDIT') : []),
  ];
  return formatTable(rows, columns, heading);
}

const REASON_COLUMNS: readonly Column<ReasonSum>[] = [
  { heading: 'REASON', cell: ({ reason }) => reason },
  { heading: 'COUNT', cell: ({ count }) => count.toLocaleString('en-US'), align: 'right' },
  { heading: 'SIZE', cell: ({ bytes }) => formatBytes(bytes), align: 'right' },
  { heading: 'MEANING', cell: ({ reason }) => `${REASONS[reason].action}: ${REASONS[reason].text}` },
];

function unreachableList(
  unreachable: readonly UnreachableLimit[],
  heading: (line: string) => string,
): string {
  const lines = unreachable.map(({ limit, rule, group, excess }) => {
    const amount = limit === 'maxCheckpoints' ? countOf(excess, 'archive') : formatBytes(excess);
    const direction = limit === 'minFreeSpace' ? 'short' : 'over';
    return `  ${limit}${group === undefined ? '' : ` of ${group}`} (${rule}): ${amount} ${direction}\n`;
  });
  return `${heading('LIMITS OUT OF REACH (pins or keepLast stand against them)')}\n${lines.join('')}`;
}

function conclusion({ keep, delete: deleted, audit }: PlanSummary, by: AgentInForce | undefined): string {
  const whose =
    by === undefined
      ? 'This was a dry run: nothing has been changed.'
      : `This is the plan of ${describeAgent(by)}; asking changes nothing.`;
  const all = keep.count + deleted.count + audit.count;
  if (all === 0) return by === undefined ? 'There are no archives.' : `There are no archives. ${whose}`;
  const bytes = keep.bytes + deleted.bytes + audit.bytes;
  const going =
    deleted.count === 0
      ? 'Nothing would be deleted'
      : `${deleted.count.toLocaleString('en-US')} would be deleted, which frees ${formatBytes(deleted.bytes)}`;
  return `${countOf(all, 'archive')}, ${formatBytes(bytes)}. ${going}. ${whose}`;
}
