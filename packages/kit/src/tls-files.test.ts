import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from './logger.ts';
import { makeCertificates, mountTlsSecret, type TestCertificates } from './testing.ts';
import { openTlsFiles, type TlsFiles } from './tls-files.ts';

const DEADLINE = { timeout: 20_000 };

let certificates: TestCertificates;
beforeAll(async () => {
  certificates = await makeCertificates();
});

let dir: string;
let warnings: string[];
let files: TlsFiles;
let stop: AbortController;
let running: Promise<void>;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cw-tls-'));
  mountTlsSecret(dir, certificates.authority.cert, certificates.agent);
  warnings = [];
  const destination = { write: (line: string) => warnings.push(line) };
  files = openTlsFiles(dir, {
    log: createLogger({ level: 'warn', terminal: false, destination }),
    pollIntervalMs: 2,
  });
  stop = new AbortController();
  running = files.run(stop.signal);
});

afterEach(async () => {
  stop.abort();
  await running;
  rmSync(dir, { recursive: true });
});

describe('openTlsFiles', () => {
  it('takes a new set when the mount is swapped, and tells who subscribed', async () => {
    const changes: string[] = [];
    files.subscribe((next, previous) => changes.push(previous.cert, next.cert));
    mountTlsSecret(dir, certificates.authority.cert, certificates.controller);
    await vi.waitUntil(() => changes.length > 0, DEADLINE);
    expect(changes).toEqual([certificates.agent.cert, certificates.controller.cert]);
    expect(files.current().cert).toBe(certificates.controller.cert);
  });

  it('keeps the last good set while the new one is broken, says so once, and recovers', async () => {
    mountTlsSecret(dir, certificates.authority.cert, {
      ...certificates.agent,
      key: certificates.controller.key,
    });
    await vi.waitUntil(() => warnings.length > 0, DEADLINE);
    expect(files.current().cert).toBe(certificates.agent.cert);
    mountTlsSecret(dir, certificates.authority.cert, certificates.controller);
    await vi.waitUntil(() => files.current().cert === certificates.controller.cert, DEADLINE);
    expect(warnings).toHaveLength(1);
  });

  it('knows when the first of its certificates expires', () => {
    // The agent's certificate holds for a day, the authority's for two.
    expect(files.current().expiresAtMs).toBeLessThan(Date.now() + 90_000_000);
    expect(files.current().expiresAtMs).toBeGreaterThan(Date.now());
  });
});
