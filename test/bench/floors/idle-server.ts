// The floor of the agent's memory: a server that has a metric and nothing to do.
import { fastify } from 'fastify';
import { Gauge, Registry } from 'prom-client';

const registry = new Registry();
new Gauge({ name: 'idle', help: 'Whether this server is idle.', registers: [registry] }).set(1);
const app = fastify();
app.get('/metrics', async (_request, reply) =>
  reply.type(registry.contentType).send(await registry.metrics()),
);
await app.listen({ host: '127.0.0.1', port: 0 });
console.log('listening');
