import { MOMENT_HEADER } from '@checkpoint-warden/api';
import { createHttpsClient, PEER_NAMES } from '@checkpoint-warden/kit';
import type { CertificatePair, TestCertificates } from '@checkpoint-warden/kit/testing';
import type { Answer } from './api-rig.ts';

/** Calls the API of an agent over mutual TLS. */
export type AgentCall = (method: 'GET' | 'PUT', path: string, body?: unknown) => Promise<Answer>;

/**
 * @param address - `host:port`
 * @param pair - who calls; the controller unless given
 */
export function agentCaller(
  address: string,
  { authority, controller }: Pick<TestCertificates, 'authority' | 'controller'>,
  pair: CertificatePair = controller,
): AgentCall {
  const set = { ca: authority.cert, expiresAtMs: 0, ...pair };
  const client = createHttpsClient({
    tls: { current: () => set },
    peer: PEER_NAMES.agent,
    timeoutMs: 10_000,
    maxBodyBytes: 1_000_000,
  });
  return async (method, path, body) => {
    const { headers, ...answer } = await client({ method, url: `https://${address}${path}`, body });
    return { ...answer, moment: headers[MOMENT_HEADER] };
  };
}
