import type { X509Certificate } from 'node:crypto';
import type { TlsRole } from './tls-secrets.ts';
import type { AuthoritiesView, Authority, Leaf, PeerView, TlsView } from './tls-view.ts';

/** A CA is replaced, or a certificate renewed, when this part of its validity is left. */
const CA_DUE_PART = 1 / 5;
const LEAF_DUE_PART = 1 / 3;

/** Why a Secret is written; stands in the log. */
export type TlsWriteReason =
  | 'authority-missing'
  | 'authority-due'
  | 'authority-unused'
  | 'secret-missing'
  | 'trust-changed'
  | 'certificate-unusable'
  | 'certificate-due'
  | 'authority-changed'
  | 'undated';

/** The CA's Secret as it is to be. */
export interface AuthoritiesWrite {
  readonly secret: 'ca';
  readonly reason: TlsWriteReason;
  readonly current: Authority | 'make';
  readonly previous: Authority | undefined;
}

/** The controller's or the agents' Secret as it is to be. */
export interface PeerWrite {
  readonly secret: TlsRole;
  readonly reason: TlsWriteReason;
  readonly trust: readonly X509Certificate[];
  readonly leaf: Leaf | { readonly issueBy: Authority };
  /** Unix ms; `now` is when it is written, which may be long after it was planned. */
  readonly trustSince: number | 'now';
  readonly leafSince: number | 'now';
}

export type TlsWrite = AuthoritiesWrite | PeerWrite;

/**
 * The next Secret to write; `undefined` when all is as it is to be for now. Pure, and knows nothing but what the Secrets hold,
 * so it goes on rightly after a crash between any two writes, under another leader, or after somebody's edit.
 *
 * Each side learns late of what is written: the kubelet delivers a Secret after up to two minutes. So that the two sides accept
 * each other whatever each has seen of the last `overlapMs`, a write of one side waits for the other:
 *
 * - a CA is trusted as soon as there is one;
 * - a side gets a certificate of a CA once the other has trusted that CA for `overlapMs`;
 * - a side stops trusting a CA once the other has had a certificate of another CA for `overlapMs`.
 *
 * ```
 *            make CA 2      issue by CA 2      forget CA 1
 *  trusted   1 ──────► 1+2 ─────────────► 1+2 ─────────► 2       each on both sides,
 *  issued by 1         1     overlap      2     overlap  2       one Secret after the other
 * ```
 *
 * Where that cannot be kept (a Secret was deleted together with what would have made up for it) a certificate is issued all
 * the same: the other side accepts it at the latest when it has read its own Secret anew.
 */
export function planTls(view: TlsView, nowMs: number, overlapMs: number): TlsWrite | undefined {
  const { authorities } = view;
  const { current } = authorities;
  const write = planAuthorities(view, nowMs);
  // Without one the plan is to make it.
  if (write !== undefined || current === undefined) return write;
  return (
    planPeer('controller', view.controller, view.agent, { ...authorities, current }, nowMs, overlapMs) ??
    planPeer('agent', view.agent, view.controller, { ...authorities, current }, nowMs, overlapMs)
  );
}

function planAuthorities(
  { authorities, controller, agent }: TlsView,
  nowMs: number,
): AuthoritiesWrite | undefined {
  const { current, previous } = authorities;
  const make = (reason: TlsWriteReason, from: Authority | undefined) =>
    ({ secret: 'ca', reason, current: 'make', previous: from }) as const;

  // Its certificate, if there is one, stays trusted: the other Secrets hold it.
  if (current === undefined || isExpired(current.certificate, nowMs))
    return make('authority-missing', previous);
  if (previous === undefined) {
    return isDue(current.certificate, CA_DUE_PART, nowMs) ? make('authority-due', current) : undefined;
  }
  const isReplaced = [controller, agent].every(({ leaf }) => isIssuedBy(leaf, current.certificate));
  if (!isReplaced && !isExpired(previous.certificate, nowMs)) return undefined;
  return { secret: 'ca', reason: 'authority-unused', current, previous: undefined };
}

type Authorities = AuthoritiesView & { readonly current: Authority };

function planPeer(
  role: TlsRole,
  own: PeerView,
  other: PeerView,
  authorities: Authorities,
  nowMs: number,
  overlapMs: number,
): PeerWrite | undefined {
  const hasStood = (sinceMs: number | undefined) => sinceMs !== undefined && nowMs - sinceMs >= overlapMs;
  // A date that was never written, or by a clock that was wrong: it would be waited for for ever.
  const isUndated = (sinceMs: number | undefined) => sinceMs === undefined || sinceMs > nowMs + overlapMs;

  const trust = planTrust(own, other, authorities, hasStood(other.leafSinceMs), nowMs);
  const issue = planIssue(own, other, authorities, hasStood(other.trustSinceMs), nowMs);
  const changesTrust = !isSameTrust(trust, own.trust);
  const redates = isUndated(own.trustSinceMs) || isUndated(own.leafSinceMs);

  let reason: TlsWriteReason | undefined = issue?.reason;
  if (own.secret === undefined) reason = 'secret-missing';
  else if (reason === undefined && changesTrust) reason = 'trust-changed';
  else if (reason === undefined && redates) reason = 'undated';

  const leaf = issue ?? own.leaf;
  if (reason === undefined || leaf === undefined) return undefined;
  const since = (ms: number | undefined, changes: boolean) =>
    changes || ms === undefined || isUndated(ms) ? 'now' : ms;
  return {
    secret: role,
    reason,
    trust,
    leaf: 'issueBy' in leaf ? { issueBy: leaf.issueBy } : leaf,
    trustSince: since(own.trustSinceMs, changesTrust),
    leafSince: since(own.leafSinceMs, issue !== undefined),
  };
}

/** The CAs one side is to trust: those that sign, and those that a certificate the other side may still show comes from. */
function planTrust(
  own: PeerView,
  other: PeerView,
  { current, previous }: Authorities,
  otherLeafHasStood: boolean,
  nowMs: number,
): readonly X509Certificate[] {
  const inUse = [...own.trust, ...other.trust].filter(
    (authority) => !isExpired(authority, nowMs) && (!otherLeafHasStood || isIssuedBy(other.leaf, authority)),
  );
  const all = [current.certificate, ...(previous === undefined ? [] : [previous.certificate]), ...inUse];
  return [...new Map(all.map((authority) => [authority.fingerprint256, authority])).values()];
}

/** Whether one side is to get another certificate, and from which CA. */
function planIssue(
  own: PeerView,
  other: PeerView,
  { current, previous }: Authorities,
  otherTrustHasStood: boolean,
  nowMs: number,
): { readonly reason: TlsWriteReason; readonly issueBy: Authority } | undefined {
  const { leaf } = own;
  const signing = [current.certificate, ...(previous === undefined ? [] : [previous.certificate])];
  const issuer = [...signing, ...own.trust, ...other.trust].find((each) => isIssuedBy(leaf, each));
  const isOfCurrent = issuer?.fingerprint256 === current.certificate.fingerprint256;
  const otherTrusts = ({ certificate }: Authority) =>
    other.trust.some(({ fingerprint256 }) => fingerprint256 === certificate.fingerprint256);
  const mayUseCurrent = otherTrusts(current) && otherTrustHasStood;

  const isUnusable =
    leaf === undefined ||
    issuer === undefined ||
    isExpired(leaf.certificate, nowMs) ||
    isExpired(issuer, nowMs);
  if (isUnusable) {
    const usesPrevious = !mayUseCurrent && previous !== undefined && otherTrusts(previous);
    return { reason: 'certificate-unusable', issueBy: usesPrevious ? previous : current };
  }
  if (!isOfCurrent) return mayUseCurrent ? { reason: 'authority-changed', issueBy: current } : undefined;
  return isDue(leaf.certificate, LEAF_DUE_PART, nowMs)
    ? { reason: 'certificate-due', issueBy: current }
    : undefined;
}

function isIssuedBy(leaf: Leaf | undefined, authority: X509Certificate): boolean {
  if (leaf === undefined) return false;
  const { certificate } = leaf;
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

function isExpired({ validToDate }: X509Certificate, nowMs: number): boolean {
  return nowMs >= validToDate.getTime();
}

/**
 * Whether it is time for another one. A certificate that is not valid yet was made under a wrong clock, now or then: it is
 * replaced in good order, which does no harm if it is now that is wrong.
 */
function isDue({ validFromDate, validToDate }: X509Certificate, part: number, nowMs: number): boolean {
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  return nowMs < from || nowMs >= to - (to - from) * part;
}

function isSameTrust(a: readonly X509Certificate[], b: readonly X509Certificate[]): boolean {
  const prints = (trust: readonly X509Certificate[]) =>
    trust
      .map(({ fingerprint256 }) => fingerprint256)
      .sort()
      .join();
  return prints(a) === prints(b);
}
