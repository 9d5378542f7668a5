import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

/** A port of this machine that leads into a network namespace. */
export interface Gateway {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Listens on a free port of 127.0.0.1 and hands each connection on to `target` in the network namespace of a process. A socket
 * stays in the namespace it was made in, so this process makes the one that listens, and gives it to a process in the other
 * namespace, which makes those that connect. Nothing of this machine's network is changed.
 */
export async function openGateway(
  namespacePid: number,
  target: { host: string; port: number },
): Promise<Gateway> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address');

  const child = startForwarder(namespacePid);
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`the gateway to the cluster ended with exit code ${code}`)),
    );
    child.once('message', () => resolve());
    child.send(target, server, (error) => (error ? reject(error) : undefined));
  });
  server.close();
  return {
    port: address.port,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

function startForwarder(namespacePid: number): ChildProcess {
  const forwarder = fileURLToPath(new URL('forwarder.ts', import.meta.url));
  const enter = ['--pdeathsig', 'KILL', '--', 'nsenter', `--net=/proc/${namespacePid}/ns/net`, '--'];
  return spawn('setpriv', [...enter, process.execPath, forwarder], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}
