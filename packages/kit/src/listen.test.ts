import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpServer } from './http-server.ts';
import { listen } from './listen.ts';
import { createLogger } from './logger.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

/** Runs an app on a free port until the test ends. */
async function serve(graceMs: number) {
  const bound = Promise.withResolvers<string>();
  const destination = {
    write: (line: string) => bound.resolve((JSON.parse(line) as { address: string }).address),
  };
  const app = createHttpServer({ log: createLogger({ level: 'info', terminal: false, destination }) });
  const answer = Promise.withResolvers<string>();
  const asked = Promise.withResolvers<void>();
  app.get('/slow', async () => {
    asked.resolve();
    return answer.promise;
  });
  const stop = new AbortController();
  const ended = listen(app, { name: 'test', address: LOOPBACK, graceMs }).run(stop.signal);
  return { url: `http://${await bound.promise}`, app, stop, ended, answer, asked: asked.promise };
}

describe('listen', () => {
  const agent = new Agent({ keepAlive: true });
  afterEach(() => agent.destroy());

  it('answers what is under way before it ends, and closes the kept connection', async () => {
    const { url, stop, ended, answer, asked } = await serve(60_000);
    const request = get(`${url}/slow`, { agent });
    await asked;
    stop.abort();
    answer.resolve('done');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    expect(response.headers.connection).toBe('close');
    response.resume();
    await ended;
  });

  it('cuts what takes longer than the grace', async () => {
    const { url, stop, ended, asked } = await serve(20);
    const request = get(`${url}/slow`, { agent });
    const failed = once(request, 'error').catch((error: unknown) => [error]);
    request.on('error', () => {});
    await asked;
    stop.abort();
    await ended;
    expect(await failed).toHaveLength(1);
  });

  it('rejects with a code when the address is taken', async () => {
    const blocker = createServer().listen(LOOPBACK);
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    const app = createHttpServer({ log: createLogger({ level: 'silent', terminal: false }) });
    const component = listen(app, { name: 'test', address: { host: '127.0.0.1', port }, graceMs: 0 });
    await expect(component.run(new AbortController().signal)).rejects.toMatchObject({
      code: 'CW_ERR_LISTEN',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
    blocker.close();
  });
});
