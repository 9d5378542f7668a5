// The other half of gateway.ts, in the network namespace that it leads into.
import { connect, type Server, type Socket } from 'node:net';

process.on('message', (target: { host: string; port: number }, server: Server) => {
  server.on('connection', (near: Socket) => {
    const far = connect(target);
    near.pipe(far).pipe(near);
    // What one side ends or breaks off, it does for both.
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => {}); // told to the other side by closing it
      one.on('close', () => other.destroy());
    }
  });
  process.send?.('ready');
});
process.on('disconnect', () => process.exit());
