import { ToolchainError } from '../../../packages/tooling/run.mjs';

/** @throws ToolchainError where there is no way to start nodes on this machine */
export function requireRoot(): void {
  if (process.platform !== 'linux') {
    throw new ToolchainError(
      'the cluster of the tests is made of Linux namespaces: it needs Linux and root.',
    );
  }
  if (process.getuid?.() !== 0) {
    throw new ToolchainError(
      'the cluster of the tests needs root: it makes namespaces, mounts and network devices.\n' +
        'Run it as root (sudo), or run the tests that need an API server alone: npm run test:cluster -- --api',
    );
  }
}
