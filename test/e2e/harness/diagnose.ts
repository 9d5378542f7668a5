import { CHECKPOINT_DIR } from '../../cluster/nodes/node-files.ts';
import { RELEASE } from './release.ts';
import { tell } from './tell.ts';
import type { TestCluster } from './test-cluster.ts';

const LOG_LINES = 80;

/** Prints what somebody who was not there needs to understand why a scenario failed. */
export async function diagnose(cluster: TestCluster, title: string): Promise<void> {
  const looks: (readonly [what: string, look: () => string | Promise<string>])[] = [
    ['policies', () => cluster.kubectl(['get', 'ckrp', '--output=yaml'])],
    ['nodes', () => cluster.kubectl(['get', 'nodes', '--output=wide'])],
    ['pods', () => cluster.kubectl(['get', 'pods', '--all-namespaces', '--output=wide'])],
    ['events', () => cluster.kubectl(['events', '--all-namespaces'])],
    ...['agent', 'controller'].map((component) => {
      const selector = `--selector=app.kubernetes.io/component=${component}`;
      // A node that is cut off gives no log, and must not keep those of the others back.
      const patience = ['--ignore-errors', '--request-timeout=10s'];
      const settings = ['--prefix', `--tail=${LOG_LINES}`, `--namespace=${RELEASE}`, ...patience];
      return [`log of ${component}s`, () => cluster.kubectl(['logs', selector, ...settings])] as const;
    }),
    ...cluster.nodes.map((node) => {
      return [
        `${CHECKPOINT_DIR} of ${node.name}`,
        () => node.run('ls', '-l', '--full-time', CHECKPOINT_DIR),
      ] as const;
    }),
  ];
  tell(`\n======== ${title} ========`);
  for (const [what, look] of looks) {
    tell(`---- ${what}`);
    try {
      tell((await look()).trimEnd());
    } catch (error) {
      tell(String(error));
    }
  }
  tell('========');
}
