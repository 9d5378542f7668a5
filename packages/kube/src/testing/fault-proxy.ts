import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline, Transform } from 'node:stream';

/** What a {@link FaultProxy} does with bytes, of connections old and new. */
export type ProxyFault =
  | { readonly kind: 'none' }
  /** Connections are accepted and stay open; nothing comes through in either direction until the fault ends. */
  | { readonly kind: 'stall' }
  | { readonly kind: 'delay'; readonly ms: number }
  /** New connections are reset. */
  | { readonly kind: 'refuse' };

/** A TCP proxy that misbehaves when told to; TLS passes through it. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections accepted so far, the refused ones too. */
  readonly accepted: number;
  /** Connections that are open now. */
  readonly open: number;
  setFault(fault: ProxyFault): void;
  /** Resets all open connections. */
  cut(): void;
  /** Ends our direction towards the clients and goes on listening to them. */
  halfClose(): void;
}

/** Starts a proxy on a free port of the loopback address in front of `host`:`port`. */
export async function startFaultProxy({ host, port }: { host: string; port: number }): Promise<FaultProxy> {
  let fault: ProxyFault = { kind: 'none' };
  let changed = Promise.withResolvers<void>();
  let accepted = 0;
  const clients = new Map<Socket, Socket>();

  const holdUp = async () => {
    while (fault.kind === 'stall') await changed.promise;
    if (fault.kind === 'delay')
      await new Promise((resolve) => setTimeout(resolve, (fault as { ms: number }).ms));
  };
  const gate = () =>
    new Transform({
      transform: (chunk, _encoding, done) => void holdUp().then(() => done(null, chunk)),
      flush: (done) => void holdUp().then(() => done()),
    });

  const server = createServer({ allowHalfOpen: true }, (client) => {
    accepted++;
    if (fault.kind === 'refuse') return void client.resetAndDestroy();
    const upstream = connect({ host, port, allowHalfOpen: true });
    clients.set(client, upstream);
    client.once('close', () => {
      clients.delete(client);
      upstream.destroy();
    });
    upstream.once('close', () => client.destroy());
    // What breaks on one side breaks on the other, which is what the listeners above do.
    pipeline(client, gate(), upstream, () => {});
    pipeline(upstream, gate(), client, () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const setFault = (next: ProxyFault) => {
    fault = next;
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const cut = () => {
    for (const client of clients.keys()) client.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get accepted() {
      return accepted;
    },
    get open() {
      return clients.size;
    },
    setFault,
    cut,
    halfClose() {
      for (const [client, upstream] of clients) {
        upstream.unpipe();
        client.end();
      }
    },
    async [Symbol.asyncDispose]() {
      setFault({ kind: 'none' });
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
