import {
  createHttpServer,
  createLogger,
  type HttpServer,
  Registry,
  registerBuildInfo,
} from '@checkpoint-warden/kit';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Health, healthRoutes } from './health.ts';

const READY: Health = { ready: true, directoryTrouble: undefined, lastTurnMs: undefined };

const clock = manualClock();
let health: Health;
let app: HttpServer;

beforeEach(async () => {
  health = READY;
  const registry = new Registry();
  registerBuildInfo(registry, '1.2.3');
  app = createHttpServer({ log: createLogger({ level: 'silent', terminal: false }) });
  await app.register(healthRoutes, { health: () => health, registry, clock, quietMs: 60_000 });
});

const get = async (path: string): Promise<string> => {
  const answer = await app.inject(path);
  return `${answer.statusCode} ${answer.body.trim()}`;
};

describe('/healthz', () => {
  it('is well as long as turns follow each other', async () => {
    clock.advance(3_600_000);
    health = { ...READY, lastTurnMs: clock.monotonicMs() };
    clock.advance(61_000);
    expect(await get('/healthz')).toBe('200 ok');
  });

  it('is not when none has begun for long after a whole period of rest', async () => {
    health = { ...READY, lastTurnMs: clock.monotonicMs() };
    clock.advance(60_000 + 10 * 60_000 + 1_000);
    expect(await get('/healthz')).toBe('503 no pass for 661 s');
  });

  it('is not when the first one never begins', async () => {
    expect(await get('/healthz')).toBe('200 ok');
    clock.advance(3_600_000);
    expect(await get('/healthz')).toMatch(/^503/);
  });

  it('is well while the directory cannot be read, which a restart would not help', async () => {
    health = { ready: false, directoryTrouble: 'EACCES', lastTurnMs: clock.monotonicMs() };
    expect(await get('/healthz')).toBe('200 ok');
  });
});

describe('/readyz', () => {
  it('is ready once the archives are known', async () => {
    expect(await get('/readyz')).toBe('200 ok');
  });

  it.each<[string, Partial<Health>, string]>([
    ['before the first scan', {}, 'the first scan of the checkpoint directory has not finished'],
    [
      'when the directory cannot be read',
      { directoryTrouble: 'EACCES' },
      'the checkpoint directory cannot be read: EACCES',
    ],
  ])('says why it is not %s', async (_, facts, reason) => {
    health = { ...READY, ready: false, ...facts };
    expect(await get('/readyz')).toBe(`503 ${reason}`);
  });
});

describe('/metrics', () => {
  it('gives the registry in the text format of Prometheus', async () => {
    const answer = await app.inject('/metrics');
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.body).toContain('checkpoint_warden_build_info{version="1.2.3"');
  });
});
