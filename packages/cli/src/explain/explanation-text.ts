import { formatBytes, type LimitFinding, REASONS, type Verdict } from '@checkpoint-warden/policy';
import { describeAgent } from '../running-agent/agent-in-force.ts';
import { formatAge } from '../text/format-age.ts';
import { formatFields } from '../text/format-fields.ts';
import { formatOwner } from '../text/format-owner.ts';
import { formatTime } from '../text/format-time.ts';
import type { Paint } from '../text/paint.ts';
import type { ShownExplanation, ShownRule } from './explanation-document.ts';

const INDENT = '  ';

/** An explanation for people: the verdict first, then what it rests on, then what would change it. */
export function explanationText(shown: ShownExplanation, paint: Paint): string {
  const { explanation, by } = shown;
  const { archive, verdict, lost, limits, toChange, otherNodes } = explanation;
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', paint('bold', title), ...lines.map((line) => INDENT + line)];
  const lines = [
    paint('bold', archive.name),
    INDENT + verdictLine(verdict, paint),
    ...(by === undefined ? [] : [`${INDENT}verdict of ${describeAgent(by)}`]),
    '',
    formatFields(factsOf(shown), INDENT).trimEnd(),
    ...section('Rule', [
      ruleLine(explanation),
      ...lost.map(({ rule, why }) => `${paint('dim', `${rule.id} matches too: ${why}`)}`),
    ]),
    ...section('Limits', limitLines(limits, paint)),
    ...section('Counted together with archives on', otherNodes),
    ...section(
      verdict.action === 'keep' ? 'What would change that' : 'What would keep it',
      toChange.map((way) => `- ${way}`),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function verdictLine({ action, mode, reason, held }: Verdict, paint: Paint): string {
  const word =
    action === 'keep' ? 'kept' : mode === 'Audit' ? 'would go, but Audit mode only reports it' : 'goes';
  const style = action === 'keep' ? 'green' : mode === 'Audit' ? 'yellow' : 'red';
  const because =
    held === undefined ? REASONS[reason].text : `${REASONS[held.reason].text}, but ${HELD[held.by]}`;
  return `${paint(style, word)} (${held?.reason ?? reason}): ${because}`;
}

const HELD = {
  'keep-last': 'keepLast protects it',
  'no-arrival': 'nothing has arrived in its group',
  clock: 'the clock is not trusted',
} as const satisfies Record<NonNullable<Verdict['held']>['by'], string>;

function factsOf({ explanation, why, pinReason, nowMs }: ShownExplanation): [string, string][] {
  const { archive, orderTimeMs } = explanation;
  const { owner, state, createdAtMs, sizeBytes, pinned } = archive;
  const isComplete = state === 'complete';
  const age = orderTimeMs === undefined ? 'in the future' : `${formatAge(nowMs - orderTimeMs)} ago`;
  const facts: [string, string][] = [];
  if (owner !== undefined) facts.push(['owner', formatOwner(owner)], ['evidence', why]);
  else facts.push(['owner', isComplete ? `not known: ${why}` : 'not known']);
  facts.push(['taken', `${formatTime(createdAtMs)}, ${age}`]);
  if (orderTimeMs === undefined) facts.push(['counts as', 'of no time: name and mtime lie in the future']);
  else if (orderTimeMs !== createdAtMs) facts.push(['counts as', `of ${formatTime(orderTimeMs)}, its mtime`]);
  facts.push(['size', formatBytes(sizeBytes)], ['state', isComplete ? state : `${state}: ${why}`]);
  if (pinned) facts.push(['pinned', pinReason || 'yes, without a reason']);
  return facts;
}

function ruleLine({ archive, governing, verdict }: ShownExplanation['explanation']): string {
  const { rule } = verdict;
  // Whatever else decides is the node's.
  if (rule !== undefined && rule.id !== governing?.id) return `${rule.id}, the node’s own limits`;
  if (governing !== undefined) return `${governing.id}${describeRule(governing)} governs it`;
  if (archive.owner === undefined) return 'none: a rule can only match an owner that is known';
  return 'none matches it';
}

function describeRule({ level, namespace, pod, container }: ShownRule): string {
  if (level === undefined) return '';
  const names = [namespace, pod, container].filter((name) => name !== undefined);
  return names.length === 0 ? ', the rule for all,' : `, the ${level} rule for ${names.join('/')},`;
}

/** The word before each limit, so that nothing rests on colour alone. */
function limitLines(limits: readonly LimitFinding[], paint: Paint): string[] {
  const width = Math.max(...limits.map(({ limit }) => limit.length));
  return limits.map(({ limit, calls, text }) => {
    const word = limit === 'keepLast' ? (calls ? 'protects' : '-') : calls ? 'exceeded' : 'holds';
    const style = word === 'exceeded' ? 'red' : word === 'protects' ? 'green' : 'dim';
    return `${paint(style, word.padEnd('exceeded'.length))}  ${limit.padEnd(width)}  ${text}`;
  });
}
