import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStateDir } from './state-dir.ts';

let parent: string;
let dir: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'cw-state-'));
  dir = join(parent, 'state');
});
afterEach(() => rmSync(parent, { recursive: true }));

/** An agent in a process of its own that holds the directory, or says why not. */
async function holdElsewhere(path = dir) {
  const program = `
    import { openStateDir } from ${JSON.stringify(new URL('./state-dir.ts', import.meta.url).href)};
    try { globalThis.held = openStateDir(${JSON.stringify(path)}); console.log('held'); } catch (e) { console.log(e.code); process.exit(); }
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return { said: String(said).trim(), kill };
}

describe('openStateDir', () => {
  it('makes the directory for its owner alone', () => {
    const state = openStateDir(dir);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(readdirSync(dir)).toEqual(['lock']);
    expect(statSync(join(dir, 'lock')).mode & 0o777).toBe(0o600);
    state.close();
  });

  it('closes one to others that the kubelet made for all to read', () => {
    mkdirSync(dir, { mode: 0o755 });
    chmodSync(dir, 0o755);
    openStateDir(dir).close();
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it('refuses a second agent, in this process or another, until the first lets go', async () => {
    const first = openStateDir(dir);
    expect(() => openStateDir(dir)).toThrowError(expect.objectContaining({ code: 'CW_ERR_STATE_LOCKED' }));
    const second = await holdElsewhere();
    expect(second.said).toBe('CW_ERR_STATE_LOCKED');
    await second.kill();
    first.close();
    openStateDir(dir).close();
  });

  it('is free at once when its agent was killed', async () => {
    for (let round = 0; round < 3; round += 1) {
      const agent = await holdElsewhere();
      expect(agent.said).toBe('held');
      expect(() => openStateDir(dir)).toThrowError(expect.objectContaining({ code: 'CW_ERR_STATE_LOCKED' }));
      await agent.kill();
      openStateDir(dir).close();
    }
  });

  it('gives the directory to exactly one of several agents that start at once after a kill', async () => {
    await (await holdElsewhere()).kill();
    const agents = await Promise.all(Array.from({ length: 4 }, () => holdElsewhere()));
    expect(agents.map((agent) => agent.said).sort()).toEqual([
      ...Array.from({ length: 3 }, () => 'CW_ERR_STATE_LOCKED'),
      'held',
    ]);
    await Promise.all(agents.map((agent) => agent.kill()));
  });

  it('refuses a path that is no directory', () => {
    writeFileSync(dir, '');
    expect(() => openStateDir(dir)).toThrowError(
      expect.objectContaining({ code: 'CW_ERR_STATE_UNWRITABLE' }),
    );
  });

  // Only root can make a directory that is another user's.
  it.runIf(process.geteuid?.() === 0)('refuses a directory of another user (needs root to make one)', () => {
    mkdirSync(dir);
    chownSync(dir, 12345, 12345);
    expect(() => openStateDir(dir)).toThrowError(/belongs to user 12345/);
  });
});
