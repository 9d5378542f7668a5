import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ROOT } from '../../packages/tooling/versions.mjs';
import { find, renderChart } from './render-chart.ts';

let server: Server | undefined;

afterEach(() => server?.close());

/** Answers with each of the texts in turn, and goes on with the last. @returns what the kubelet would tell a pod */
async function serve(...answers: readonly string[]): Promise<string> {
  let asked = 0;
  server = createServer((_request, response) => {
    response.end(answers[Math.min(asked, answers.length - 1)]);
    asked += 1;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Runs the container of the test pod as the kubelet would, with the Service at an address. */
async function runTestPod(address: string): Promise<{ code: number; stdout: string }> {
  const { spec } = find(await renderChart(), 'Pod');
  const [{ command, args }] = spec.containers;
  expect(args.at(-1)).toBe('$(WARDEN_CHECKPOINT_WARDEN_CONTROLLER_PORT)');
  // What the kubelet would take for a variable.
  expect(args.slice(0, -1).join('')).not.toContain('$(');
  return new Promise((resolve) => {
    const [, ...flags] = command as string[];
    execFile(
      process.execPath,
      [...flags, ...args.slice(0, -1), address],
      { env: { HOME: '/nonexistent' } },
      (error, stdout) => resolve({ code: error === null ? 0 : Number(error.code), stdout }),
    );
  });
}

const FOLLOWER = '# HELP x y\ncheckpoint_warden_leader 0\n';
const leader = (...agents: readonly string[]) =>
  ['checkpoint_warden_leader 1', ...agents.map((each) => `checkpoint_warden_agents{state=${each}`), ''].join(
    '\n',
  );

describe('helm test', () => {
  it('runs the Node.js of the image', async () => {
    const dockerfile = readFileSync(join(ROOT, 'packages/cli/Dockerfile'), 'utf8');
    const entrypoint = JSON.parse(/^ENTRYPOINT (.+)$/m.exec(dockerfile)?.[1] ?? '[]');
    expect(find(await renderChart(), 'Pod').spec.containers[0].command[0]).toBe(entrypoint[0]);
  });

  it('passes once a leader reaches every agent', async () => {
    const address = await serve(
      FOLLOWER,
      leader('"reachable"} 0', '"new"} 0'),
      leader('"reachable"} 1', '"unreachable"} 1'),
      FOLLOWER,
      leader('"reachable"} 2', '"unreachable"} 0'),
    );
    const { code, stdout } = await runTestPod(address);
    expect(stdout.split('\n')).toEqual([
      'waiting: the controllers that answered do not lead',
      'waiting: the leader knows of no agent: look at the Events of the DaemonSet',
      'waiting: agents: 1 reachable, 1 unreachable; the log of the leader tells why',
      'A controller leads, and reaches all agents that run: 2 reachable.',
      '',
    ]);
    expect(code).toBe(0);
  });
});
