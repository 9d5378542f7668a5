import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArchiveName } from '@checkpoint-warden/agent';
import { checkOf, ExplanationSchema, fromWireTime, type WireExplanation } from '@checkpoint-warden/api';
import { AppError, isAppError } from '@checkpoint-warden/errors';
import { archivePathOf } from '../archive-path.ts';
import type { CliIo } from '../cli-io.ts';
import type { ExplainSettings } from '../commands/explain.ts';
import { readPinReason } from '../pin/read-pin-reason.ts';
import { askUnderOnePolicy } from '../running-agent/agent-in-force.ts';
import { agentSocketClient } from '../running-agent/agent-socket-client.ts';
import { fromWireArchive, fromWireVerdict } from '../running-agent/from-wire.ts';
import { ownArchiveName } from '../running-agent/own-archive-name.ts';
import { unknownArchive } from '../unknown-archive.ts';
import type { ShownExplanation } from './explanation-document.ts';

const explanationProblems = checkOf(ExplanationSchema);

/** Has the agent that runs on this node explain an archive, by all that it knows. */
export async function explainByAgent(
  argument: string,
  { checkpointDir, stateDir }: ExplainSettings,
  io: Pick<CliIo, 'nowMs'>,
): Promise<ShownExplanation> {
  const name = ownArchiveName(argument, checkpointDir);
  const agent = agentSocketClient(stateDir);
  const path = `/v1/archives/${encodeURIComponent(name)}/explanation`;
  const { answer, by } = await askUnderOnePolicy(agent, () =>
    agent<WireExplanation>(path, explanationProblems),
  ).catch((error: unknown) => {
    throw isAppError(error, 'CW_ERR_ARCHIVE_NOT_FOUND') ? notKnown(name, checkpointDir) : error;
  });
  const archive = fromWireArchive(answer.archive, by.node);
  return {
    explanation: {
      archive,
      verdict: fromWireVerdict(answer.verdict, archive),
      orderTimeMs: answer.countsAs === undefined ? undefined : fromWireTime(answer.countsAs),
      governing: answer.governing === undefined ? undefined : { id: answer.governing },
      lost: answer.lost.map(({ rule, why }) => ({ rule: { id: rule }, why })),
      limits: answer.limits,
      otherNodes: answer.otherNodes,
      toChange: answer.toChange,
    },
    why: answer.archive.why,
    pinReason: readPinReason(join(checkpointDir, name)),
    nowMs: io.nowMs(),
    by,
  };
}

/** What has just arrived is in the directory already. */
function notKnown(name: string, checkpointDir: string): AppError {
  if (parseArchiveName(name) === undefined || !existsSync(join(checkpointDir, name)))
    return unknownArchive(archivePathOf(name, checkpointDir));
  const message = `the agent does not know ${name} yet`;
  const remedy = 'it looks for new ones with every scan; what it cannot look at is in its log';
  return new AppError('CW_ERR_ARCHIVE_NOT_FOUND', message, { problems: [{ path: '', message, remedy }] });
}
