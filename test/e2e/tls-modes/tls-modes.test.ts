import { X509Certificate } from 'node:crypto';
import { PEER_NAMES } from '@checkpoint-warden/kit';
import { makeAuthority, type TestAuthority } from '@checkpoint-warden/kit/testing';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { agentOn } from '../harness/agent-pod.ts';
import { leaderMetrics } from '../harness/leader-metrics.ts';
import { policyStatus } from '../harness/policy-status.ts';
import { CHART, helm, installRelease, RELEASE } from '../harness/release.ts';
import { startScenario } from '../harness/start-scenario.ts';
import { waitFor } from '../harness/wait-for.ts';

const SECRETS = { controller: 'our-controller', agent: 'our-agent' };
const EXISTING = { tls: { mode: 'existingSecret', existingSecret: SECRETS } };
const EXPIRY = 'checkpoint_warden_certificate_expiry_timestamp_seconds';
const HOUR_MS = 3_600_000;

const scenario = await startScenario('tls-modes');
const { cluster } = scenario;
const pods = await Promise.all(
  cluster.nodes.map(({ name: node }) => scenario.makePod({ name: `web-${node}`, node })),
);

/**
 * Makes or replaces both Secrets with new certificates.
 *
 * @returns when those of the leader and of each agent expire, Unix seconds: by that they are told from others
 */
async function issueInto(authority: TestAuthority, hours: number): Promise<readonly number[]> {
  const issue = async (peer: keyof typeof SECRETS, usage: 'clientAuth' | 'serverAuth') => {
    const options = { dnsName: PEER_NAMES[peer], usages: [usage], expiresInMs: hours * HOUR_MS };
    const { cert, key } = await authority.issue(options);
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: SECRETS[peer], namespace: RELEASE },
      type: 'kubernetes.io/tls',
      stringData: { 'ca.crt': authority.cert, 'tls.crt': cert, 'tls.key': key },
    };
    await cluster.kubectl(['apply', '--server-side', '--filename=-'], JSON.stringify(secret));
    return new X509Certificate(cert).validToDate.getTime() / 1_000;
  };
  const leader = await issue('controller', 'clientAuth');
  const agent = await issue('agent', 'serverAuth');
  return [leader, ...cluster.nodes.map(() => agent)];
}

/** Waits until the leader and each agent use certificates that expire then. */
async function untilInUse(expiries: readonly number[]): Promise<void> {
  await waitFor('leader and agents use the certificates', async () => {
    const agents = await Promise.all(cluster.nodes.map(({ name }) => agentOn(cluster, name)));
    const leader = (await leaderMetrics(cluster))?.get(EXPIRY);
    const now = [leader, ...(await Promise.all(agents.map((agent) => agent.metric(EXPIRY))))];
    return now.join() === expiries.join();
  });
}

/** Brings another policy to both agents, and has them enforce it. */
async function expectObeyed(limit: number): Promise<void> {
  await scenario.applyPolicy({ globalPolicy: { maxCheckpointsPerContainer: limit } });
  await waitFor('both agents have the policy', async () => {
    return (await policyStatus(cluster, 'tls-modes')).nodes?.current === cluster.nodes.length;
  });
  await Promise.all(
    pods.map(async (pod) => {
      const taken: string[] = [];
      for (let count = 0; count <= limit; count += 1) taken.push(await pod.checkpoint());
      const kept = taken.slice(-limit).join();
      await waitFor(`${pod.name} has its newest`, () => pod.archives()[pod.node]?.join() === kept);
    }),
  );
}

const ours = await makeAuthority();

it('goes from its own certificates to yours by an upgrade, which says which Secrets are missing and waits', async () => {
  const upgrade = ['upgrade', RELEASE, CHART, '--namespace', RELEASE, '--reuse-values', '--values', '-'];
  const notes = (await helm(cluster, upgrade, stringify(EXISTING))).replace(/\s+/g, ' ');
  for (const [side, secret] of Object.entries(SECRETS)) {
    expect(notes).toContain(
      `WARNING: Secret ${secret} of tls.existingSecret.${side} is not in namespace ${RELEASE}`,
    );
  }
  const expiries = await issueInto(ours, 24);
  await installRelease(cluster, EXISTING);
  await untilInUse(expiries);
  await expectObeyed(1);
});

it('takes certificates that you have replaced, without a restart', async () => {
  const before = await podNames();
  const expiries = await issueInto(ours, 12);
  // The kubelet looks at a pod when that changes, and otherwise every minute or so.
  await cluster.kubectl(['annotate', 'pods', '--all', '--namespace', RELEASE, 'e2e.test/look=now']);
  await untilInUse(expiries);
  await expectObeyed(2);
  expect(await podNames()).toEqual(before);
});

it('works with certificates of yours from the first moment, where it was never installed before', async () => {
  await helm(cluster, ['uninstall', RELEASE, '--namespace', RELEASE, '--wait', '--timeout', '2m']);
  await cluster.kubectl(['delete', 'namespace', RELEASE, '--timeout=120s']);
  await cluster.kubectl(['create', 'namespace', RELEASE]);
  const expiries = await issueInto(await makeAuthority(), 24);
  await installRelease(cluster, EXISTING);
  await untilInUse(expiries);
  await expectObeyed(1);
  const secrets = await cluster.kubectl(['get', 'secrets', '--namespace', RELEASE, '--output=name']);
  expect(secrets).not.toContain('checkpoint-warden-ca');
});

/** Of agents and controllers, with how often each was restarted. */
function podNames(): Promise<string> {
  const columns = 'custom-columns=:metadata.name,:status.containerStatuses[0].restartCount';
  return cluster.kubectl(['get', 'pods', '--namespace', RELEASE, '--output', columns]);
}
