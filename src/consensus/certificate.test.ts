import fc from 'fast-check';
import { recoverAddress as viemRecover } from 'viem';
import { describe, expect, it } from 'vitest';
import { type Address, fromHex, recoverAddress, toEthereumSignature, toHex } from '../crypto/index.ts';
import { decodeCertificate, encodeCertificate, makeCertificate, recoverSigners, verifyCertificate } from './certificate.ts';
import type { CommitCertificate } from './core.ts';
import { commitDigest } from './signing.ts';
import { Bench, proposalOf } from './testing/bench.ts';
import { testDomain } from './testing/keys.ts';

const bench = new Bench({ sealers: 7 });
const { sealers } = bench;
const decision = { height: 1, round: 2, digest: proposalOf('a').digest };
const certificate = makeCertificate(
  decision,
  [4, 0, 2, 1, 6].map((seat) => bench.commit(seat, 2, 'a')),
);

function check(changes: Partial<CommitCertificate>, who: readonly Address[] = sealers): string | undefined {
  return verifyCertificate(testDomain, { ...certificate, ...changes }, who);
}

describe('commit certificates', () => {
  it('of a quorum verify, whatever order the votes came in', () => {
    expect(check({})).toBeUndefined();
    expect(recoverSigners(testDomain, certificate)).toEqual([0, 1, 2, 4, 6].map((seat) => bench.address(seat)));
    const all = makeCertificate(
      decision,
      sealers.map((_, seat) => bench.commit(seat, 2, 'a')),
    );
    expect(verifyCertificate(testDomain, all, sealers)).toBeUndefined();
  });

  it('verify with any number of sealers and any quorum of them, and with no fewer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 0, max: 1000 }), (count, pick) => {
        const some = new Bench({ sealers: count });
        const quorum = Math.floor((2 * count) / 3) + 1;
        const commits = some.sealers.map((_, seat) => some.commit((seat + pick) % count, 0, 'a')).slice(0, quorum);
        const what = { height: 1, round: 0, digest: decision.digest };
        expect(verifyCertificate(testDomain, makeCertificate(what, commits), some.sealers)).toBeUndefined();
        const fewer = makeCertificate(what, commits.slice(1));
        expect(verifyCertificate(testDomain, fewer, some.sealers)).toMatch(/are needed/);
      }),
      { numRuns: 40 },
    );
  });

  it('are refused with too few, too many, repeated or unordered signatures', () => {
    const { signatures } = certificate;
    expect(check({ signatures: signatures.slice(1) })).toBe('4 signatures, 5 of 7 sealers are needed');
    const repeated = signatures.flatMap((signature, at) => (at === 0 ? [signature, signature] : at === 1 ? [] : [signature]));
    expect(check({ signatures: repeated })).toMatch(/signed twice/);
    expect(check({ signatures: signatures.toReversed() })).toMatch(/not ordered/);
    expect(check({ signatures: [...signatures, ...signatures] })).toMatch(/10 signatures of 7 sealers/);
  });

  it('are refused for another decision, domain or sealer set', () => {
    for (const changes of [{ height: 2 }, { round: 0 }, { digest: proposalOf('b').digest }])
      expect(check(changes)).toMatch(/no sealer/);
    expect(verifyCertificate(new Uint8Array(32), certificate, sealers)).toMatch(/no sealer/);
    expect(check({}, sealers.slice(1))).toMatch(/no sealer/);
  });

  it('are refused with a prepare vote, a foreign or a malformed signature', () => {
    const withFirst = (signature: Uint8Array): Uint8Array[] => [signature, ...certificate.signatures.slice(1)];
    expect(check({ signatures: withFirst(bench.prepare(0, 2, 'a').signature) })).toMatch(/no sealer/);
    expect(check({ signatures: withFirst(new Uint8Array(65)) })).toBe('signature 0 is malformed');
    expect(check({ signatures: withFirst(new Uint8Array(64)) })).toBe('signature 0 is malformed');
    expect(check({ signatures: withFirst(malleate(certificate.signatures[0] as Uint8Array)) })).toBe('signature 0 is malformed');
  });

  it('are made of votes for the decision by distinct signers only', () => {
    const votes = [0, 1, 2, 3].map((seat) => bench.commit(seat, 2, 'a'));
    expect(() => makeCertificate(decision, [...votes, bench.commit(4, 1, 'a')])).toThrow(/one decision/);
    expect(() => makeCertificate(decision, [...votes, bench.commit(3, 2, 'a')])).toThrow(/one vote of a signer/);
  });

  it('come back from their bytes, and garbage is refused', () => {
    const bytes = encodeCertificate(certificate);
    expect(decodeCertificate(bytes)).toEqual(certificate);
    expect(() => decodeCertificate(bytes.subarray(1))).toThrowError(expect.objectContaining({ code: 'CONSENSUS_MALFORMED' }));
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] as number) ^ flip;
        let found: CommitCertificate;
        try {
          found = decodeCertificate(changed);
        } catch (error) {
          expect(error).toMatchObject({ code: 'CONSENSUS_MALFORMED' });
          return;
        }
        expect(verifyCertificate(testDomain, found, sealers)).toBeTypeOf('string');
      }),
      { numRuns: 200 },
    );
  });

  it("are checked by others' ecrecover alone", async () => {
    const hash = toHex(commitDigest(testDomain, decision));
    for (const [at, signature] of certificate.signatures.entries()) {
      const found = await viemRecover({ hash, signature: toEthereumSignature(signature) });
      expect(found.toLowerCase()).toBe(recoverSigners(testDomain, certificate)[at]);
    }
  });
});

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The other signature that plain ECDSA accepts for the same key and digest: s mirrored, parity flipped. */
function malleate(signature: Uint8Array): Uint8Array {
  const s = BigInt(toHex(signature.subarray(32, 64)));
  const out = Uint8Array.from(signature);
  out.set(fromHex((ORDER - s).toString(16).padStart(64, '0')), 32);
  out[64] = (signature[64] as number) ^ 1;
  expect(recoverAddress(commitDigest(testDomain, decision), signature)).toBeDefined();
  return out;
}
