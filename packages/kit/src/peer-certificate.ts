import type { X509Certificate } from 'node:crypto';

/** The two sides' names, in every TLS mode. They stand as DNS names in the certificates; addresses are never looked at. */
export const PEER_NAMES = {
  controller: 'controller.checkpoint-warden',
  agent: 'agent.checkpoint-warden',
} as const;
export type PeerName = (typeof PEER_NAMES)[keyof typeof PEER_NAMES];

/** Extended key usages, RFC 5280 section 4.2.1.12. */
const KEY_USAGES = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const;

/**
 * Why the other side's certificate does not make it the peer we expect; `undefined` when it does. That it comes from our CA
 * and is valid today is for the TLS handshake to check.
 *
 * OpenSSL lets a certificate without any extended key usage do everything; here it must name the usage.
 */
export function findPeerProblem(
  certificate: X509Certificate | undefined,
  peer: PeerName,
  usage: keyof typeof KEY_USAGES,
): string | undefined {
  if (certificate === undefined) return 'there is no certificate';
  const named = certificate.checkHost(peer, { subject: 'never', wildcards: false });
  if (named === undefined) return `its subject alternative names do not hold DNS:${peer}`;
  // Node calls the extended key usages `keyUsage`.
  if (!certificate.keyUsage?.includes(KEY_USAGES[usage]))
    return `its extended key usages do not hold ${usage}`;
  return undefined;
}
