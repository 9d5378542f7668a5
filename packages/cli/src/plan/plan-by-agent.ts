import {
  type ArchivesPage,
  ArchivesPageSchema,
  type Check,
  checkOf,
  fromWireTime,
  type PlanResponse,
  PlanResponseSchema,
  type WireArchive,
} from '@checkpoint-warden/api';
import type { PlanSummary, Verdict } from '@checkpoint-warden/policy';
import type { PlanSettings } from '../commands/plan.ts';
import { type AgentInForce, askUnderOnePolicy } from '../running-agent/agent-in-force.ts';
import { type AgentSocketClient, agentSocketClient } from '../running-agent/agent-socket-client.ts';
import { fromWireArchive, fromWireVerdict } from '../running-agent/from-wire.ts';
import { AUDIT_NOTE, type PlanReport, reportPlan } from './plan-report.ts';

const planProblems = checkOf(PlanResponseSchema);
const archivesProblems = checkOf(ArchivesPageSchema);

/** Asks the agent that runs on this node what a pass would do now. */
export async function planByAgent({ stateDir, ...filter }: PlanSettings): Promise<PlanReport> {
  const agent = agentSocketClient(stateDir);
  const { answer, by } = await askUnderOnePolicy(agent, () => askPlan(agent));
  const { last, otherNodes } = answer;
  const plan = { verdicts: verdictsOf(answer, by), unreachable: last.unreachable };
  const report = reportPlan(plan, fromWireTime(last.plannedAt), {
    filter,
    notesOn: (total) => notesOn(by, total, otherNodes),
  });
  return { ...report, by, otherNodes };
}

interface AskedPlan {
  readonly pages: readonly PlanResponse[];
  readonly last: PlanResponse;
  readonly archives: ReadonlyMap<string, WireArchive>;
  readonly otherNodes: readonly string[];
}

/** The archives after the plan: what has gone meanwhile is in no list of archives, and so is left out. */
async function askPlan(agent: AgentSocketClient): Promise<AskedPlan> {
  const pages = await askPages<PlanResponse>(agent, '/v1/plan', planProblems);
  const archivePages = await askPages<ArchivesPage>(agent, '/v1/archives', archivesProblems);
  const archives = archivePages.flatMap((page) => page.archives);
  const last = pages[0];
  return {
    pages,
    last,
    archives: new Map(archives.map((archive) => [archive.archive, archive])),
    otherNodes: last.otherNodes ?? [],
  };
}

/** The most that the agent gives at once: each page of a plan is a whole plan's work. */
const PAGE_SIZE = 5_000;

/** A list as a whole, its last page first. */
async function askPages<P extends { readonly next?: string }>(
  agent: AgentSocketClient,
  path: string,
  problems: Check,
): Promise<[P, ...P[]]> {
  const page = (after?: string): Promise<P> =>
    agent(
      `${path}?limit=${PAGE_SIZE}${after === undefined ? '' : `&after=${encodeURIComponent(after)}`}`,
      problems,
    );
  const pages: [P, ...P[]] = [await page()];
  while (pages[0].next !== undefined) pages.unshift(await page(pages[0].next));
  return pages;
}

function verdictsOf({ pages, archives }: AskedPlan, { node }: AgentInForce): Verdict[] {
  return pages
    .flatMap(({ verdicts }) => verdicts)
    .flatMap((verdict) => {
      const archive = archives.get(verdict.archive);
      return archive === undefined ? [] : [fromWireVerdict(verdict, fromWireArchive(archive, node))];
    });
}

function notesOn({ policy }: AgentInForce, { audit }: PlanSummary, otherNodes: readonly string[]): string[] {
  if (policy.source === 'none') return ['no policy is in force: nothing is deleted'];
  const notes = [
    'count and size limits act only in groups with an arrival; what waits for one is kept, “but no-arrival”',
  ];
  if (otherNodes.length > 0) notes.push(`counted together with archives on ${otherNodes.join(', ')}`);
  if (audit.count > 0) notes.push(AUDIT_NOTE);
  return notes;
}
