/**
 * The demo: the real agent on a temporary directory of real archives. It fills the directory, shows the dry run, starts the
 * agent, lets checkpoints arrive, edits the policy twice (once wrongly), and tells what happened and why. It ends by itself
 * and leaves nothing behind; with `--keep` the agent stays for a look around until Ctrl-C.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { changedMetrics } from './changed-metrics.ts';
import { type DemoAgent, startDemoAgent } from './demo-agent.ts';
import { fillDirectory, takeCheckpoint } from './demo-archives.ts';
import { BROKEN_POLICY, FIRST_POLICY, TIGHTER_POLICY } from './demo-policies.ts';
import { heading, say, showCommand, showDeletions } from './show.ts';

const { values: flags } = parseArgs({
  options: { keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
});
if (flags.help) {
  say('npm run demo [-- --keep]\n\n  --keep  leave the agent running at the end, until Ctrl-C');
  process.exit(0);
}

const root = mkdtempSync(join(tmpdir(), 'checkpoint-warden-demo-'));
const checkpointDir = join(root, 'checkpoints');
const policyFile = join(root, 'policy.yaml');
const startedMs = performance.now();
let agent: DemoAgent | undefined;
const interrupted = new Promise<'interrupted'>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('interrupted'));
});
let isInterrupted = false;
try {
  isInterrupted = (await Promise.race([runDemo(), interrupted])) === 'interrupted';
} finally {
  await agent?.stop();
  rmSync(root, { recursive: true, force: true });
}
if (isInterrupted) process.exit(130); // what the demo was waiting for does not matter any more

async function runDemo(): Promise<void> {
  heading('1. A node with checkpoint archives');
  say(
    `Real archives, made by containerd, CRIU and Podman, copied under several names and ages to\n${checkpointDir}`,
  );
  const files = fillDirectory(checkpointDir);
  for (const { name, note } of files) say(`  ${name}\n      ${note}`);

  heading('2. A policy, and what it would do: nothing is changed');
  writeFileSync(policyFile, FIRST_POLICY);
  say(FIRST_POLICY.replaceAll(/^/gm, '  ').trimEnd());
  showCommand(['plan', '--checkpoint-dir', checkpointDir, '--policy-file', policyFile]);

  heading('3. The agent starts');
  agent = await startDemoAgent({ root, checkpointDir, policyFile });
  say(
    'What exists when an agent first sees a node is not touched by count and size limits: they act when something',
  );
  say('arrives. Age limits and leftovers of failed checkpoints act on the clock.');
  await agent.until('the old and the abandoned ones to go', 2);
  showDeletions(agent.newDeletions());
  const before = await agent.metrics();

  heading('4. Three more checkpoints of web-0 arrive');
  for (const second of [1, 2, 3]) say(`  + ${takeCheckpoint(checkpointDir, 'web-0', second)}`);
  await agent.until('the surplus to go', 3);
  showDeletions(agent.newDeletions());
  say('The pinned one is outside retention, and default-2 is another namespace: neither was counted.');

  heading('5. Why is the oldest of web-0 still there?');
  const pinned = files.find(({ isPinned }) => isPinned)?.name ?? '';
  showCommand(['explain', pinned, '--checkpoint-dir', checkpointDir, '--policy-file', policyFile]);

  heading('6. An edit with a mistake');
  writeFileSync(policyFile, BROKEN_POLICY);
  await agent.untilLogged('policy file cannot be used');
  showCommand(['validate', policyFile]);
  say('The agent said the same in its log, and goes on with the last valid policy. Nothing was deleted.');

  heading('7. A tighter limit, applied at once');
  writeFileSync(policyFile, TIGHTER_POLICY);
  say(TIGHTER_POLICY.replaceAll(/^/gm, '  ').trimEnd());
  await agent.until('the limits to hold', 4);
  showDeletions(agent.newDeletions());

  heading('8. What Prometheus saw change');
  for (const line of changedMetrics(before, await agent.metrics())) say(`  ${line}`);

  heading(`Done in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
  if (flags.keep) await lookAround(agent);
  else
    say(
      'Everything was in a temporary directory, which is gone now. To look around yourself: npm run demo -- --keep',
    );
}

async function lookAround({ metricsUrl, auditDir, ended }: DemoAgent): Promise<void> {
  say('The agent is still running. Ctrl-C ends it and removes everything.\n');
  say(`  archives   ${checkpointDir}`);
  say(`  policy     ${policyFile}   edit it and watch`);
  say(`  metrics    curl ${metricsUrl}`);
  say(`  audit log  ${auditDir}`);
  say(`  a new one  cp test/fixtures/checkpoint-web-0_default-app-*.tar ${checkpointDir}/`);
  await Promise.race([ended, interrupted]);
}
