import { AppError } from '@checkpoint-warden/errors';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { describeSettings, settingsTable } from './describe-settings.ts';
import { loadSettings, type SettingSources } from './load-settings.ts';
import { Setting } from './setting.ts';

const Schema = Type.Object({
  checkpointDir: Setting.text({ description: 'Directory of the archives' }),
  nodeName: Type.Optional(Setting.text({ description: 'Name of the node' })),
  scanIntervalMs: Setting.duration({ description: 'Time between scans', default: '60s', min: 1_000 }),
  auditFileBytes: Setting.size({ description: 'Size of one file', default: '16Mi' }),
  listen: Type.Optional(Setting.address({ description: 'Address of the API' })),
  agentPort: Setting.integer({ description: 'Port of the agents', default: '8443', min: 1, max: 65_535 }),
  logLevel: Setting.choice(['debug', 'info'], { description: 'How much is logged', default: 'info' }),
});

const Lists = Type.Object({
  namespace: Type.Optional(Setting.list({ description: 'Namespaces', placeholder: 'name' })),
  exitCode: Setting.flag({ description: 'Tell by the exit code' }),
});

const DIR = { checkpointDir: '/checkpoints' };

function load({ env = {}, flags = DIR, ...rest }: Partial<SettingSources>) {
  return loadSettings(Schema, { env, flags, ...rest });
}

function problemsOf(sources: Partial<SettingSources>) {
  try {
    load(sources);
  } catch (error) {
    if (error instanceof AppError) return error.problems;
  }
  throw new Error('nothing was refused');
}

describe('loadSettings', () => {
  it('gives defaults in the units of the keys, without what is optional and not set', () => {
    expect(load({})).toEqual({
      checkpointDir: '/checkpoints',
      scanIntervalMs: 60_000,
      auditFileBytes: 16 * 1024 * 1024,
      agentPort: 8443,
      logLevel: 'info',
    });
  });

  it('lets flags beat the environment and the environment beat defaults', () => {
    const env = { CHECKPOINT_WARDEN_SCAN_INTERVAL: '2m', CHECKPOINT_WARDEN_AUDIT_FILE: '2Mi' };
    const settings = load({ env, flags: { ...DIR, scanInterval: '3m' } });
    expect(settings.scanIntervalMs).toBe(180_000);
    expect(settings.auditFileBytes).toBe(2 * 1024 * 1024);
  });

  it('is frozen', () => {
    expect(Object.isFrozen(load({}))).toBe(true);
  });

  it('reports everything that is wrong at once, with where it came from and what to write', () => {
    const env = {
      CHECKPOINT_WARDEN_SCAN_INTERVAL: '10',
      CHECKPOINT_WARDEN_SCAN_INTERVALL: '10s',
      PATH: '/bin',
    };
    expect(problemsOf({ env, flags: { logLevel: 'loud', listen: '8443', agentPort: '70000' } })).toEqual([
      {
        path: 'CHECKPOINT_WARDEN_SCAN_INTERVALL',
        message: 'there is no such setting',
        found: '"10s"',
        remedy: 'did you mean CHECKPOINT_WARDEN_SCAN_INTERVAL?',
      },
      {
        path: '--checkpoint-dir',
        message: 'it is required and not set',
        remedy: 'give --checkpoint-dir <text> or set CHECKPOINT_WARDEN_CHECKPOINT_DIR',
      },
      {
        path: 'CHECKPOINT_WARDEN_SCAN_INTERVAL',
        message: '"10" is not a duration',
        found: '"10"',
        remedy: 'add a unit: 10s, 10m, 10h or 10d',
      },
      {
        path: '--listen',
        message: '"8443" is not an address',
        found: '"8443"',
        remedy: 'write HOST:PORT, such as 127.0.0.1:9090 or [::1]:9090, or :PORT for all addresses',
      },
      {
        path: '--agent-port',
        message: '70000 is too large',
        found: '"70000"',
        remedy: 'write at most 65535',
      },
      {
        path: '--log-level',
        message: '"loud" is none of the choices',
        found: '"loud"',
        remedy: 'write one of debug, info',
      },
    ]);
  });

  it('refuses a duration under its bound', () => {
    expect(problemsOf({ flags: { ...DIR, scanInterval: '0s' } })).toMatchObject([
      { message: '0s is too small' },
    ]);
  });

  it('counts an empty variable as not set and refuses an empty flag', () => {
    expect(load({ env: { CHECKPOINT_WARDEN_SCAN_INTERVAL: '' } }).scanIntervalMs).toBe(60_000);
    expect(problemsOf({ flags: { checkpointDir: '' } })).toMatchObject([{ path: '--checkpoint-dir' }]);
  });

  it('leaves variables of other commands alone', () => {
    const env = { CHECKPOINT_WARDEN_LEASE_NAME: 'x' };
    expect(() => load({ env, otherEnv: ['CHECKPOINT_WARDEN_LEASE_NAME'] })).not.toThrow();
    expect(problemsOf({ env })).toHaveLength(1);
  });

  it('leaves alone what Kubernetes sets for a Service with our name, even where a setting is called the same', () => {
    const env = {
      CHECKPOINT_WARDEN_SERVICE_HOST: '10.0.0.1',
      CHECKPOINT_WARDEN_SERVICE_PORT_HTTPS: '443',
      CHECKPOINT_WARDEN_PORT_443_TCP_ADDR: '10.0.0.1',
      CHECKPOINT_WARDEN_AGENT_PORT: 'tcp://10.0.0.1:443',
    };
    expect(load({ env }).agentPort).toBe(8443);
  });

  it.each([
    ['127.0.0.1:9090', { host: '127.0.0.1', port: 9090 }],
    ['[::1]:9090', { host: '::1', port: 9090 }],
    [':9090', { host: '', port: 9090 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
  ])('reads the address %s', (listen, expected) => {
    expect(load({ flags: { ...DIR, listen } }).listen).toEqual(expected);
  });

  it.each(['9090', 'a:b', ':65536', '::1:9090', 'http://x:1', ''])('refuses the address %j', (listen) => {
    expect(problemsOf({ flags: { ...DIR, listen } })).toMatchObject([{ path: '--listen' }]);
  });
});

describe('lists and flags', () => {
  it('come from the environment as text, from the command line as commander gives them', () => {
    const env = { CHECKPOINT_WARDEN_NAMESPACE: 'shop, team-a', CHECKPOINT_WARDEN_EXIT_CODE: 'true' };
    expect(loadSettings(Lists, { env, flags: {} })).toEqual({
      namespace: ['shop', 'team-a'],
      exitCode: true,
    });
    const flags = { namespace: ['shop', 'team-a,team-b'], exitCode: true };
    expect(loadSettings(Lists, { env: {}, flags })).toEqual({
      namespace: ['shop', 'team-a', 'team-b'],
      exitCode: true,
    });
  });

  it('are absent and off unless set', () => {
    expect(loadSettings(Lists, { env: {}, flags: {} })).toEqual({ exitCode: false });
  });

  it('refuse empty entries and what is neither true nor false', () => {
    const env = { CHECKPOINT_WARDEN_NAMESPACE: 'shop,', CHECKPOINT_WARDEN_EXIT_CODE: 'yes' };
    expect(() => loadSettings(Lists, { env, flags: {} })).toThrow('2 settings are wrong');
  });

  it('have a placeholder of their own where one is given', () => {
    expect(describeSettings(Lists).map(({ placeholder }) => placeholder)).toEqual(['name', 'flag']);
  });
});

describe('describeSettings', () => {
  it('names flag and variable from the key, without its unit', () => {
    expect(describeSettings(Schema)[2]).toMatchObject({
      key: 'scanIntervalMs',
      name: 'scanInterval',
      flag: '--scan-interval',
      env: 'CHECKPOINT_WARDEN_SCAN_INTERVAL',
      placeholder: 'duration',
      default: '60s',
      required: false,
    });
  });

  it('makes a table for the docs', () => {
    const [, , dir, node, , , , , level] = settingsTable(Schema).split('\n');
    expect(dir).toBe(
      '| `--checkpoint-dir` | `CHECKPOINT_WARDEN_CHECKPOINT_DIR` | text | required | Directory of the archives |',
    );
    expect(node).toBe('| `--node-name` | `CHECKPOINT_WARDEN_NODE_NAME` | text |  | Name of the node |');
    expect(level).toContain('| `debug`, `info` | `info` |');
  });
});
