import { beforeEach, describe, expect, it } from 'vitest';
import { healthRoutes } from './health-routes.ts';
import { createHttpServer, type HttpServer } from './http-server.ts';
import { createLogger } from './logger.ts';
import { Registry, registerBuildInfo } from './metrics.ts';

let unhealthy: string | undefined;
let unready: string | undefined;
let app: HttpServer;

beforeEach(async () => {
  unhealthy = undefined;
  unready = undefined;
  const registry = new Registry();
  registerBuildInfo(registry, '1.2.3');
  app = createHttpServer({ log: createLogger({ level: 'silent', terminal: false }) });
  await app.register(healthRoutes, {
    whyNotHealthy: () => unhealthy,
    whyNotReady: () => unready,
    registry,
  });
});

const get = async (path: string): Promise<string> => {
  const answer = await app.inject(path);
  return `${answer.statusCode} ${answer.body.trim()}`;
};

describe('the probes', () => {
  it('say ok as long as there is nothing to say', async () => {
    expect([await get('/healthz'), await get('/readyz')]).toEqual(['200 ok', '200 ok']);
  });

  it('say each on its own why not', async () => {
    unready = 'not yet';
    expect([await get('/healthz'), await get('/readyz')]).toEqual(['200 ok', '503 not yet']);
    unhealthy = 'it hangs';
    unready = undefined;
    expect([await get('/healthz'), await get('/readyz')]).toEqual(['503 it hangs', '200 ok']);
  });
});

describe('/metrics', () => {
  it('gives the registry in the text format of Prometheus', async () => {
    const answer = await app.inject('/metrics');
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.body).toContain('checkpoint_warden_build_info{version="1.2.3"');
  });
});
