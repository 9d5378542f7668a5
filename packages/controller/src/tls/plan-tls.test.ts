import type { X509Certificate as NodeCertificate } from 'node:crypto';
import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
} from '@peculiar/x509';
import { beforeEach, describe, expect, it } from 'vitest';
import { createTlsWorld, DAY_MS, HOUR_MS, type TlsWorld } from './testing/tls-world.ts';
import { SINCE_ANNOTATIONS } from './tls-secrets.ts';

const LAG_MS = 40 * 60_000;

let world: TlsWorld;
beforeEach(async () => {
  world = createTlsWorld();
  await world.settle();
});

const parse = (certificate: NodeCertificate | undefined) => new X509Certificate(certificate?.raw ?? '');

describe('what is issued', () => {
  it('is a CA that signs leaf certificates only, told apart from others by its subject', async () => {
    const ca = parse((await world.view()).authorities.current?.certificate);
    expect(ca.getExtension(BasicConstraintsExtension)).toMatchObject({
      ca: true,
      pathLength: 0,
      critical: true,
    });
    expect(ca.getExtension(KeyUsagesExtension)?.usages).toBe(
      KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign,
    );
    expect(ca.subject).toBe(`CN=checkpoint-warden CA ${ca.serialNumber}`);
    const { keyId } = ca.getExtension(SubjectKeyIdentifierExtension) ?? {};
    expect(keyId).toMatch(/^[0-9a-f]{40}$/);
    expect(ca.getExtension(AuthorityKeyIdentifierExtension)?.keyId).toBe(keyId);
  });

  it.each([
    ['controller', ExtendedKeyUsage.clientAuth],
    ['agent', ExtendedKeyUsage.serverAuth],
  ] as const)('is a certificate for the %s with its name and its one usage', async (role, usage) => {
    const { authorities, [role]: peer } = await world.view();
    const leaf = parse(peer.leaf?.certificate);
    expect(peer.leaf?.certificate.subjectAltName).toBe(`DNS:${role}.checkpoint-warden`);
    expect(leaf.getExtension(ExtendedKeyUsageExtension)?.usages).toEqual([usage]);
    expect(leaf.getExtension(BasicConstraintsExtension)).toMatchObject({ ca: false });
    expect(leaf.getExtension(KeyUsagesExtension)?.usages).toBe(KeyUsageFlags.digitalSignature);
    expect(leaf.publicKey.algorithm).toMatchObject({ name: 'ECDSA', namedCurve: 'P-256' });
    expect(leaf.notBefore.getTime()).toBe(world.clock.nowMs() - HOUR_MS);
    const ca = parse(authorities.current?.certificate);
    expect(leaf.getExtension(AuthorityKeyIdentifierExtension)?.keyId).toBe(
      ca.getExtension(SubjectKeyIdentifierExtension)?.keyId,
    );
  });

  it('never outlives its CA', async () => {
    for (let renewals = 0; renewals < 3; renewals += 1) {
      world.clock.advance(6.5 * DAY_MS);
      await world.settle();
    }
    const { authorities, agent } = await world.view();
    expect(agent.leaf?.certificate.validTo).toBe(authorities.current?.certificate.validTo);
  });
});

describe('planTls', () => {
  const prints = (trust: readonly NodeCertificate[]) => trust.map(({ fingerprint256 }) => fingerprint256);
  const caOf = async () => (await world.view()).authorities.current?.certificate.fingerprint256;

  it('rolls the CA over in three steps, an overlap apart', async () => {
    const oldCa = await caOf();
    world.change('ca', () => undefined);
    await world.settle();
    const newCa = await caOf();
    const state = async () => {
      const { controller, agent } = await world.view();
      return [controller, agent].map(({ trust, leaf }) => ({
        trusted: prints(trust).map((print) => (print === oldCa ? 'old' : print === newCa ? 'new' : 'other')),
        issuedByOld: trust.some(
          (ca) => ca.fingerprint256 === oldCa && leaf?.certificate.verify(ca.publicKey),
        ),
      }));
    };
    const both = <T>(each: T) => [each, each];
    expect(await state()).toEqual(both({ trusted: ['new', 'old'], issuedByOld: true }));
    world.clock.advance(HOUR_MS - 1);
    expect(await world.step()).toBe(false);
    world.clock.advance(1);
    await world.settle();
    expect(await state()).toEqual(both({ trusted: ['new', 'old'], issuedByOld: false }));
    world.clock.advance(HOUR_MS - 1);
    expect(await world.step()).toBe(false);
    world.clock.advance(1);
    await world.settle();
    expect(await state()).toEqual(both({ trusted: ['new'], issuedByOld: false }));
  });

  it('leaves a CA alone until a fifth of its time is left', async () => {
    const ca = await caOf();
    for (let renewals = 0; renewals < 3; renewals += 1) {
      world.clock.advance(6.5 * DAY_MS);
      await world.settle();
    }
    // Of 25 days, and the hour that it is backdated by, 19.5 days have gone.
    expect(await caOf()).toBe(ca);
    world.clock.advance(DAY_MS / 2);
    await world.live(3 * HOUR_MS);
    expect(await caOf()).not.toBe(ca);
    expect(world.brokenPairs(LAG_MS)).toEqual([]);
  });

  it('waits for no date that only a wrong clock can have written', async () => {
    const year = new Date(world.clock.nowMs() + 365 * DAY_MS).toISOString();
    for (const which of ['controller', 'agent'] as const) {
      const annotations = { [SINCE_ANNOTATIONS.trust]: year, [SINCE_ANNOTATIONS.leaf]: year };
      world.change(which, (secret) => ({ ...secret, metadata: { ...secret.metadata, annotations } }));
    }
    world.change('ca', () => undefined);
    await world.live(3 * HOUR_MS);
    const { controller, agent } = await world.view();
    expect([controller, agent].map(({ trust }) => trust.length)).toEqual([1, 1]);
  });

  it('replaces what was made under a clock that was a year ahead', async () => {
    const nowMs = world.clock.nowMs();
    world.clock.setWall(nowMs + 365 * DAY_MS);
    await world.settle();
    world.clock.setWall(nowMs);
    await world.live(4 * HOUR_MS);
    const { authorities, controller, agent } = await world.view();
    for (const certificate of [
      authorities.current?.certificate,
      controller.leaf?.certificate,
      agent.leaf?.certificate,
    ]) {
      expect(certificate?.validFromDate.getTime()).toBeLessThanOrEqual(world.clock.nowMs());
    }
    expect(world.brokenPairs(1)).toEqual([]);
  });

  it('issues everything anew when all of it is gone or has expired', async () => {
    for (const which of ['ca', 'controller', 'agent'] as const) world.change(which, () => undefined);
    await world.settle();
    expect(world.brokenPairs(0)).toEqual([]);
    world.clock.advance(100 * DAY_MS);
    await world.settle();
    expect(world.brokenPairs(0)).toEqual([]);
  });

  it('takes a CA with another kind of key for damaged', async () => {
    const oldCa = await caOf();
    const { generateKeyPairSync } = await import('node:crypto');
    const key = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    const pem = key.export({ type: 'pkcs8', format: 'pem' });
    world.change('ca', (secret) => ({
      ...secret,
      data: { ...secret.data, 'ca.key': Buffer.from(pem).toString('base64') },
    }));
    await world.live(3 * HOUR_MS);
    expect(await caOf()).not.toBe(oldCa);
    expect(world.brokenPairs(LAG_MS)).toEqual([]);
  });
});
