import { expect, it } from 'vitest';
import { leaderMetrics } from '../harness/leader-metrics.ts';
import { helm, RELEASE } from '../harness/release.ts';
import { startScenario } from '../harness/start-scenario.ts';
import { waitFor } from '../harness/wait-for.ts';

const scenario = await startScenario('helm-test');
const { cluster } = scenario;

function helmTest(timeout: string): Promise<string> {
  return helm(cluster, ['test', RELEASE, '--namespace', RELEASE, '--logs', '--timeout', timeout]);
}

it('passes where a controller reaches the agents of all nodes', async () => {
  expect(await helmTest('3m')).toContain('A controller leads, and reaches all agents that run: 2 reachable.');
});

it('fails where no controller reaches an agent, and says so; and passes when they are back', async () => {
  const signalAgents = (signal: string) => {
    for (const node of cluster.nodes) node.run('pkill', `--signal=${signal}`, '--full', 'warden.mjs agent');
  };
  scenario.onEnd(() => signalAgents('CONT'));
  signalAgents('STOP');
  await waitFor('the leader says that it reaches nobody', async () => {
    return (await leaderMetrics(cluster))?.get('checkpoint_warden_agents{state="unreachable"}') === 2;
  });
  // By itself it waits for three minutes; here helm does not wait for so long.
  await expect(helmTest('15s')).rejects.toThrow(/timed out|deadline/);
  await waitFor('the test says what it waits for', async () => {
    const log = await cluster.kubectl(['logs', '--namespace', RELEASE, 'pod/checkpoint-warden-test']);
    return log.includes('waiting: agents: 2 unreachable; the log of the leader tells why');
  });

  signalAgents('CONT');
  expect(await helmTest('3m')).toContain('2 reachable');
});
