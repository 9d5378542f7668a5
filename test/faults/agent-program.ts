import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { createLogger, Registry, runUntilSignal, systemClock } from '@checkpoint-warden/kit';
import { assembleAgent } from '../../packages/agent/src/assemble-agent.ts';
import { openPolicyFile } from '../../packages/agent/src/policy/policy-file.ts';

const names = ['checkpoint-dir', 'state-dir', 'policy-file', 'scan-interval', 'quiet-period', 'log-level', 'metrics-listen', 'node-name'] as const;
const { values } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(names.map((n) => [n, { type: 'string' as const }])),
});
const v = values as Record<string, string>;
const log = createLogger({ level: 'debug', terminal: false });
log.info({}, 'agent starting');
const policyFile = openPolicyFile(v['policy-file'] ?? '', { log, onPolicy: (p) => assembled.agent.enforce(p) });
const assembled = assembleAgent({
  node: hostname(),
  checkpointDir: v['checkpoint-dir'] ?? '',
  stateDir: v['state-dir'] ?? '',
  scanIntervalMs: 1000,
  quietPeriodMs: 1000,
  clock: systemClock,
  log,
  registry: new Registry(),
});
assembled.agent.enforce(policyFile.initial);
process.exitCode = await runUntilSignal({ policyFile, agent: assembled.component }, { log, graceMs: 10_000 });
