import { setTimeout } from 'node:timers/promises';
import { PLENTY, startAgentProcess, writePolicyFile } from '../agent-process.ts';
import type { Bench } from '../bench.ts';
import { bundleFloor } from '../bundle-floor.ts';
import { fleetOf, writeDataset } from '../dataset.ts';
import { pairUp, summarize } from '../measure.ts';
import { readProcStats } from '../proc-stats.ts';
import type { RunningProcess } from '../process.ts';
import { atMost, type Row } from '../row.ts';

const GOAL_RATIO = 1.4;
const AIM_MIB = 80;
const GOAL_CPU_PERCENT = 0.3;
/** The agent's default time between scans, so that an idle minute has one in it. */
const SCAN_INTERVAL_MS = 60_000;
const SETTLE_MS = 5_000;

export const memory: Row = {
  id: 'memory',
  title: 'memory and idle CPU of an agent with 10,000 archives',
  async run(bench) {
    const { directory } = writeDataset(
      bench.directory('archives'),
      fleetOf(bench.pick({ full: 10_000, quick: 10_000, tiny: 80 })),
    );
    const policyFile = writePolicyFile(bench.directory('files'), PLENTY);
    const idleServer = await bundleFloor('idle-server', bench.directory('bundle'));
    const pairs = bench.pick({ full: 5, quick: 3, tiny: 1 });
    const agents: RunningProcess[] = [];
    const servers: RunningProcess[] = [];
    for (let i = 0; i < pairs; i++) {
      const files = { checkpointDir: directory, stateDir: bench.directory('state'), policyFile };
      agents.push(await startAgentProcess(bench, files));
      servers.push(await startServer(bench, idleServer));
    }
    await setTimeout(bench.pick({ full: SETTLE_MS, quick: SETTLE_MS, tiny: 0 }));
    const idleMs = bench.pick({ full: SCAN_INTERVAL_MS, quick: SCAN_INTERVAL_MS / 2, tiny: 100 });
    bench.tell(`${pairs} agents and as many servers are idle for ${idleMs / 1000} s`);
    const cpuBefore = agents.map(({ pid }) => readProcStats(pid).cpuMs);
    const startedMs = performance.now();
    await setTimeout(idleMs);
    const spentMs = performance.now() - startedMs;
    const cpuPercent = agents.map(
      ({ pid }, i) => ((readProcStats(pid).cpuMs - (cpuBefore[i] ?? 0)) / spentMs) * 100,
    );
    const [ours, floors] = [agents, servers].map((all) => all.map(({ pid }) => readProcStats(pid).rssMib));
    for (const running of [...agents, ...servers]) await running.stop();
    const paired = pairUp(ours ?? [], floors ?? []);
    const cpu = summarize(cpuPercent);
    return [
      {
        name: 'resident memory',
        unit: 'MiB',
        ...paired,
        goals: [
          atMost(GOAL_RATIO, paired.ratio.median, `≤ ${GOAL_RATIO} ×`),
          atMost(AIM_MIB, paired.value.median, `≤ ${AIM_MIB} MiB`),
        ],
      },
      {
        name: 'idle CPU, of one core',
        unit: '%',
        value: cpu,
        goals: [atMost(GOAL_CPU_PERCENT, cpu.median, `≤ ${GOAL_CPU_PERCENT} %`)],
      },
    ];
  },
};

async function startServer(bench: Bench, script: string): Promise<RunningProcess> {
  const server = bench.node(script);
  await server.nextLine('listening');
  return server;
}
