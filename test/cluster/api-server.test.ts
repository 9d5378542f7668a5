import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { type ApiServer, startApiServer } from './api-server.ts';
import { isRunning } from './is-running.ts';

const { assets } = inject('apiServer');

describe('an API server of a test', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer({ assets });
  });
  afterAll(() => server?.close());

  it('has what was stored when it is started again, at the same address', async () => {
    const configMap = { metadata: { name: 'kept' }, data: { a: 'b' } };
    await server.admin.send('POST', '/api/v1/namespaces/default/configmaps', configMap);
    for (const end of [server.stop, server.kill]) {
      await end();
      await expect(server.admin.send('GET', '/readyz')).rejects.toThrow();
      await server.start();
      const read = await server.admin.send('GET', '/api/v1/namespaces/default/configmaps/kept');
      expect(read).toMatchObject({ status: 200, body: { data: { a: 'b' } } });
    }
  });

  it('gives a user what RBAC gives, and no more', async () => {
    const user = await server.clientFor({ user: 'ann', groups: ['readers', 'a, b'] });
    const whoAmI = await user.kubectl([
      'auth',
      'whoami',
      '--output=jsonpath={.status.userInfo.username} {.status.userInfo.groups}',
    ]);
    expect(whoAmI.stdout).toBe('ann ["readers","a, b","system:authenticated"]');
    expect(await user.send('GET', '/api/v1/nodes')).toMatchObject({ status: 403 });

    await server.admin.kubectl(['create', 'clusterrole', 'nodes', '--verb=list', '--resource=nodes']);
    await server.admin.kubectl([
      'create',
      'clusterrolebinding',
      'nodes',
      '--clusterrole=nodes',
      '--group=readers',
    ]);
    await expect
      .poll(async () => (await user.send('GET', '/api/v1/nodes')).status, { timeout: 30_000 })
      .toBe(200);
    expect(await user.send('DELETE', '/api/v1/nodes')).toMatchObject({ status: 403 });
  });

  it('takes pods, though nobody makes service accounts', async () => {
    const pod = { metadata: { name: 'web-0' }, spec: { containers: [{ name: 'app', image: 'app' }] } };
    const created = await server.admin.send('POST', '/api/v1/namespaces/default/pods', pod);
    expect(created).toMatchObject({ status: 201 });
  });
});

it('says why it does not start, and leaves nothing behind', async () => {
  const failing = startApiServer({ assets, flags: ['--no-such-flag'] });
  await expect(failing).rejects.toThrow(/ended with exit code 1[\s\S]*unknown flag: --no-such-flag/);
  const folder = await failing.catch(
    (error: Error) => /\/\S+(?=\/kube-apiserver\.log)/.exec(error.message)?.[0],
  );
  expect(existsSync(String(folder))).toBe(false);
});

it('ends with the process that started it, also when that is killed', async () => {
  const script = `
    import { startApiServer } from ${JSON.stringify(new URL('api-server.ts', import.meta.url).href)};
    const server = await startApiServer({ assets: ${JSON.stringify(assets)} });
    console.log(server.pids().join(' '));
    setInterval(() => {}, 1_000);
  `;
  const TMPDIR = mkdtempSync(join(tmpdir(), 'checkpoint-warden-killed-')); // its files are left behind there
  onTestFinished(() => rmSync(TMPDIR, { recursive: true }));
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...process.env, TMPDIR },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pids = (await firstLine(parent)).split(' ').map(Number);
  expect(pids.map(isRunning)).toEqual([true, true]);
  parent.kill('SIGKILL');
  await expect.poll(() => pids.map(isRunning), { timeout: 30_000 }).toEqual([false, false]);
});

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('its output is not a pipe');
  const [line] = await once(createInterface(child.stdout), 'line');
  return line;
}
