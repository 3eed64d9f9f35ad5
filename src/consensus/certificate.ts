import { type Address, encodeRlp, equalBytes, fromHex, SIGNATURE_BYTES, toHex } from '../crypto/index.ts';
import { invariant } from '../errors.ts';
import { SEALERS_MAX } from '../limits.ts';
import type { CommitCertificate } from './core.ts';
import type { Commit, Signed } from './messages.ts';
import { quorumOf } from './pbft/quorum.ts';
import { bytesOf, decodeRlp, fieldsOf, listOf, numberOf } from './rlp.ts';
import { commitDigest, type Decision, signerOf } from './signing.ts';

/**
 * The certificate that these commit votes make: their signatures, ordered by signer.
 *
 * @param decision - what was decided
 * @param commits - valid votes for it by distinct sealers, at least a quorum
 */
export function makeCertificate(decision: Decision, commits: readonly Signed<Commit>[]): CommitCertificate {
  const sorted = commits.toSorted((left, right) => (left.signer < right.signer ? -1 : 1));
  for (const [at, commit] of sorted.entries()) {
    invariant(
      commit.height === decision.height && commit.round === decision.round && commit.digest === decision.digest,
      'a certificate holds votes for one decision',
      { signer: commit.signer },
    );
    invariant(at === 0 || sorted[at - 1]?.signer !== commit.signer, 'a certificate holds one vote of a signer', {
      signer: commit.signer,
    });
  }
  const { height, round, digest } = decision;
  return { height, round, digest, signatures: sorted.map((commit) => commit.signature) };
}

/**
 * Checks a certificate with signature recovery alone.
 *
 * @param domain - the chain's signature domain, 32 bytes
 * @param sealers - who votes at the certificate's height
 * @returns undefined when it is valid, else why it is not
 */
export function verifyCertificate(
  domain: Uint8Array,
  certificate: CommitCertificate,
  sealers: readonly Address[],
): string | undefined {
  // The nodes that share a process share the certificate with the block that it came in.
  const known = verdicts.get(certificate);
  if (known?.sealers === sealers && equalBytes(known.domain, domain)) return known.fault;
  const fault = certificateFault(domain, certificate, sealers);
  verdicts.set(certificate, { domain, sealers, fault });
  return fault;
}

interface Verdict {
  readonly domain: Uint8Array;
  readonly sealers: readonly Address[];
  readonly fault: string | undefined;
}

const verdicts = new WeakMap<CommitCertificate, Verdict>();

function certificateFault(domain: Uint8Array, certificate: CommitCertificate, sealers: readonly Address[]): string | undefined {
  const quorum = quorumOf(sealers.length);
  const count = certificate.signatures.length;
  if (count < quorum) return `${count} signatures, ${quorum} of ${sealers.length} sealers are needed`;
  if (count > sealers.length) return `${count} signatures of ${sealers.length} sealers`;
  const digest = commitDigest(domain, certificate);
  let last = '';
  for (const [at, signature] of certificate.signatures.entries()) {
    const signer = signerOf(digest, signature);
    if (signer === undefined) return `signature ${at} is malformed`;
    if (!sealers.includes(signer)) return `signature ${at} is by ${signer}, which is no sealer, or over something else`;
    if (signer === last) return `${signer} signed twice`;
    if (signer < last) return 'signatures are not ordered by signer';
    last = signer;
  }
  return undefined;
}

/** Who signed a certificate, in its order; signatures that recover to no address are left out. */
export function recoverSigners(domain: Uint8Array, certificate: CommitCertificate): readonly Address[] {
  return recoverSigned(domain, certificate).map(({ signer }) => signer);
}

/** The commit votes that a certificate is made of; signatures that recover to no address are left out. */
export function recoverSigned(domain: Uint8Array, certificate: CommitCertificate): readonly Signed<Commit>[] {
  const { height, round, digest } = certificate;
  const signed = commitDigest(domain, certificate);
  return certificate.signatures.flatMap((signature) => {
    const signer = signerOf(signed, signature);
    return signer === undefined ? [] : { type: 'commit' as const, height, round, digest, signature, signer };
  });
}

/** Canonical bytes: RLP of height, round, digest and the list of signatures. */
export function encodeCertificate(certificate: CommitCertificate): Uint8Array {
  return encodeRlp([certificate.height, certificate.round, fromHex(certificate.digest), [...certificate.signatures]]);
}

/**
 * Reads what {@link encodeCertificate} wrote; signatures are not checked.
 * @throws TreadleError CONSENSUS_MALFORMED
 */
export function decodeCertificate(bytes: Uint8Array): CommitCertificate {
  const fields = fieldsOf(decodeRlp(bytes), 4, 'certificate');
  return {
    height: numberOf(fields[0], 'height'),
    round: numberOf(fields[1], 'round'),
    digest: toHex(bytesOf(fields[2], 32, 32, 'digest')),
    signatures: listOf(fields[3], SEALERS_MAX, 'signatures').map((signature) =>
      bytesOf(signature, SIGNATURE_BYTES, SIGNATURE_BYTES, 'signature'),
    ),
  };
}
