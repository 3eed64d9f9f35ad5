import { type Address, type Hex, toHex } from '../crypto/index.ts';
import type { AccountProof, Certificate } from '../ledger/index.ts';

/** A header of another ledger and why to believe it, as `SourceHeaders` takes it. */
export interface CommitEvidence {
  readonly header: Hex;
  /** The header before it; `0x` when the last believed header is that. */
  readonly parent: Hex;
  /** The sealers that the last believed header names, ascending. */
  readonly trusted: readonly Address[];
  readonly round: bigint;
  readonly signatures: Hex;
}

/** What the source's state says of a lane, as `SourceHeaders` takes it. */
export interface LaneStateProof {
  readonly size: bigint;
  readonly root: Hex;
  readonly account: readonly Hex[];
  readonly slot: readonly Hex[];
}

/** Puts together what a contract needs to believe a header. */
export function commitEvidence(parts: {
  readonly header: Uint8Array;
  readonly parent?: Uint8Array;
  readonly trusted: readonly Address[];
  readonly certificate: Pick<Certificate, 'round' | 'signatures'>;
}): CommitEvidence {
  const { header, parent = new Uint8Array(0), trusted, certificate } = parts;
  const signatures: Hex = `0x${certificate.signatures.map((signature) => toHex(signature).slice(2)).join('')}`;
  return { header: toHex(header), parent: toHex(parent), trusted, round: BigInt(certificate.round), signatures };
}

/** Evidence for the header that is believed already: to prove something of its state. */
export function knownHeader(header: Uint8Array): CommitEvidence {
  return { header: toHex(header), parent: '0x', trusted: [], round: 0n, signatures: '0x' };
}

/** The proof of a lane from `eth_getProof` of the Outbox and the slot `laneHeadSlot` names. */
export function laneStateProof(lane: { readonly size: bigint; readonly root: Hex }, proof: AccountProof): LaneStateProof {
  const [slot] = proof.storageProof;
  return {
    size: lane.size,
    root: lane.root,
    account: proof.accountProof.map(toHex),
    slot: (slot?.proof ?? []).map(toHex),
  };
}
