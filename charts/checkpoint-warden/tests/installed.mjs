// What `helm test` runs in a pod: waits until a controller leads and reaches every agent that it knows of. Its argument is
// where the Service of the controllers' metrics is, as the kubelet tells it: tcp://HOST:PORT. It says what it has seen, and
// ends with 0 or 1. No parenthesis may follow a dollar sign here: in a pod's arguments that would be a variable.
import { setTimeout as sleep } from 'node:timers/promises';

const DEADLINE_MS = 180_000;
const INTERVAL_MS = 1_000;
const url = `${process.argv.at(-1).replace(/^tcp:/, 'http:')}/metrics`;

/** Samples of one controller by name and labels. A connection of its own for each: the Service chooses a controller anew. */
async function readMetrics() {
  const response = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(5_000) });
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

/** Why the installation is not done yet; undefined: it is. */
async function findTrouble() {
  let metrics;
  try {
    metrics = await readMetrics();
  } catch (error) {
    return `no controller answers at ${url}: ${error.cause?.message ?? error.message}`;
  }
  if (metrics.get('checkpoint_warden_leader') !== 1) return 'the controllers that answered do not lead';
  const agents = [...metrics].flatMap(([name, count]) => {
    const state = /^checkpoint_warden_agents\{state="(.+)"\}$/.exec(name)?.[1];
    return state === undefined || count === 0 ? [] : [{ state, count }];
  });
  if (agents.length === 0) return 'the leader knows of no agent: look at the Events of the DaemonSet';
  const shown = agents.map(({ state, count }) => `${count} ${state}`).join(', ');
  if (agents.some(({ state }) => state !== 'reachable'))
    return `agents: ${shown}; the log of the leader tells why`;
  console.log(`A controller leads, and reaches all agents that run: ${shown}.`);
  return undefined;
}

const startedAt = Date.now();
/** Controllers answer in turn: each thing is said once. */
const told = new Set();
for (;;) {
  const trouble = await findTrouble();
  if (trouble === undefined) break;
  if (!told.has(trouble)) console.log(`waiting: ${trouble}`);
  told.add(trouble);
  if (Date.now() - startedAt > DEADLINE_MS) {
    console.log(`FAILED after ${DEADLINE_MS / 1000} s: ${trouble}`);
    process.exit(1);
  }
  await sleep(INTERVAL_MS);
}
