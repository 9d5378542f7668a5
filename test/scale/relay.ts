import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { sharedMs } from './clock.ts';

/** Passes TCP on to a port of this machine, and knows when whoever is connected began to talk. */
export interface Relay {
  readonly port: number;
  /** When the first byte came after nothing had come for {@link SILENCE_MS}, by the clock that processes share. */
  readonly talksSinceMs: number;
  close(): void;
}

/** Longer than the requests of one exchange are apart, and shorter than polls are. */
const SILENCE_MS = 400;

export async function startRelay(toPort: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let talksSinceMs = 0;
  let lastMs = Number.NEGATIVE_INFINITY;
  const server = createServer((client) => {
    const agent = connect(toPort, '127.0.0.1');
    for (const [socket, other] of [
      [client, agent],
      [agent, client],
    ] as const) {
      sockets.add(socket.setNoDelay());
      socket.on('error', () => {}); // the other end is told by its close
      socket.once('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
    client.on('data', () => {
      const nowMs = sharedMs();
      if (nowMs - lastMs > SILENCE_MS) talksSinceMs = nowMs;
      lastMs = nowMs;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get talksSinceMs() {
      return talksSinceMs;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
