import type { Logger } from '@checkpoint-warden/kit';
import type { UnreachableLimit, Verdict } from '@checkpoint-warden/policy';
import type { AgentMetrics } from '../metrics.ts';
import type { ExecutionReport, PlannedDeletion } from './execute-plan.ts';
import type { UnreachableChange } from './unreachable-limits.ts';

/** Deletions that get a log line each in one pass; beyond that the audit log has them. */
const MAX_LINES = 100;

/** Tells logs and metrics what became of a plan. */
export interface PassReporter {
  execution(report: ExecutionReport): void;
  audited(verdicts: readonly Verdict[]): void;
  unreachable(change: UnreachableChange): void;
  /** Forgets what was reported of archives that are not there any more. */
  retain(isThere: (name: string) => boolean): void;
}

export function createPassReporter(log: Logger, metrics: AgentMetrics): PassReporter {
  /** What Audit mode has reported already: archive to reason. */
  const reported = new Map<string, string>();
  let auditWorks = true;
  return {
    execution({ executed, skipped, auditErrors }) {
      let deleted = 0;
      let bytes = 0;
      for (const { verdict, reason, removal } of executed) {
        const { archive, mode, rule } = verdict;
        const facts = { archive: archive.name, reason, rule: rule?.id, bytes: archive.sizeBytes };
        switch (removal.result) {
          case 'deleted':
            metrics.deletion(reason, mode, 'deleted');
            metrics.reclaimed(reason, archive.sizeBytes);
            bytes += archive.sizeBytes;
            if (++deleted <= MAX_LINES) log.info(facts, 'archive deleted');
            break;
          case 'already-gone':
            log.debug(facts, 'archive was gone already');
            break;
          case 'changed':
          case 'pinned':
            metrics.deletion(reason, mode, 'skipped');
            log.info({ ...facts, why: removal.why }, 'archive kept: it is not as planned');
            break;
          case 'failed':
            metrics.deletion(reason, mode, 'failed');
            log.warn({ ...facts, why: removal.why }, 'archive cannot be deleted');
            break;
        }
      }
      if (deleted > MAX_LINES) log.info({ deleted, bytes }, 'archives deleted; the audit log names each');
      reportAudit(executed.length > 0, auditErrors);
      if (skipped.length > 0) countSkipped(skipped, auditErrors.length > 0);
    },
    audited(verdicts) {
      for (const { archive, reason, mode, rule } of verdicts) {
        if (reported.get(archive.name) === reason) continue;
        reported.set(archive.name, reason);
        metrics.deletion(reason as PlannedDeletion['reason'], mode, 'would-delete');
        log.info(
          { archive: archive.name, reason, rule: rule?.id, bytes: archive.sizeBytes },
          'archive would be deleted',
        );
      }
    },
    unreachable({ began, ended }) {
      for (const limit of began)
        log.warn(factsOf(limit), 'limit cannot be reached: pins or keepLast stand against it');
      for (const limit of ended) log.info(factsOf(limit), 'limit holds again');
    },
    retain(isThere) {
      for (const name of reported.keys()) if (!isThere(name)) reported.delete(name);
    },
  };

  function reportAudit(hasWorked: boolean, [err]: readonly unknown[]): void {
    if (err === undefined && !hasWorked) return;
    if (auditWorks && err !== undefined) log.error({ err }, 'audit log cannot be written');
    if (!auditWorks && err === undefined) log.info({}, 'audit log can be written again');
    auditWorks = err === undefined;
  }

  function countSkipped(skipped: readonly PlannedDeletion[], isFailure: boolean): void {
    for (const { reason, verdict } of skipped) {
      metrics.deletion(reason, verdict.mode, isFailure ? 'failed' : 'skipped');
    }
    if (!isFailure) log.info({ skipped: skipped.length }, 'deletions put off to the next pass');
  }
}

function factsOf({ limit, rule, group, excess }: UnreachableLimit): Record<string, unknown> {
  return { limit, rule, ...(group === undefined ? {} : { group }), excess };
}
