import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  makeSandbox,
  policyOf,
  type RunningAgent,
  type Sandbox,
  startAgent,
  until,
} from './testing/agent-rig.ts';

const WEB = { runtime: 'containerd', namespace: 'shop', pod: 'web-0', container: 'app' } as const;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

let sandbox: Sandbox;
let running: RunningAgent | undefined;

beforeEach(() => {
  sandbox = makeSandbox();
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  sandbox.remove();
});

describe('createAgent', () => {
  it('deletes the oldest archive of a container when one more than its limit arrives', async () => {
    const [oldest] = [1, 2, 3].map((second) => sandbox.write(WEB, at(second)));
    running = await startAgent(sandbox, {
      policy: policyOf('globalPolicy: {maxCheckpointsPerContainer: 3}'),
    });
    sandbox.write(WEB, at(4));
    await until('the oldest is gone', () => sandbox.list().length === 3);
    expect(sandbox.list()).not.toContain(oldest);
  });
});
