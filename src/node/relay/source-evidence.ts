import { recoverSigners } from '../../consensus/index.ts';
import {
  type CommitEvidence,
  commitEvidence,
  type KnownLedger,
  knownHeader,
  type LaneStateProof,
  laneHeadSlot,
  laneStateProof,
  OUTBOX_ADDRESS,
  OUTBOX_CHAIN_SLOT,
  outboxClient,
} from '../../contracts/index.ts';
import { fromHex, type Hex, toHex } from '../../crypto/index.ts';
import { invariant } from '../../errors.ts';
import type { CertifiedRecord, HeaderRecord } from '../../ledger/index.ts';
import type { Sibling } from './siblings.ts';

/** A step towards believing a header of a source. */
export interface HeaderStep {
  readonly height: number;
  readonly evidence: CommitEvidence;
}

/**
 * The furthest header up to `target` that a ledger which knows the source up to `known` believes at once: the sealers of its height have
 * signed it, and more than a third of those that are known are among them. Goes back by halves where too many changed.
 */
export async function furthestStep(source: Sibling, known: KnownLedger, target: number): Promise<HeaderStep> {
  const from = Number(known.height);
  if (target === from && known.hash !== ZEROS) return { height: from, evidence: knownHeader((await headerAt(source, from)).rlp) };
  invariant(target > from, 'headers are shown upwards', { from, target });
  const trusted = (await headerAt(source, from)).nextSealers;
  const enough = Math.floor((trusted.length - 1) / 3) + 1;
  for (let height = target; ; height = from + Math.floor((height - from) / 2)) {
    const { header, certificate } = await certifiedAt(source, height);
    const signers = new Set(recoverSigners(source.domain, certificate));
    const next = height === from + 1;
    if (!next && trusted.filter((sealer) => signers.has(sealer)).length < enough) continue;
    const parent = next ? {} : { parent: (await headerAt(source, height - 1)).rlp };
    return { height, evidence: commitEvidence({ header: header.rlp, ...parent, trusted, certificate }) };
  }
}

/** That the Outbox in the state of a block is that of the chain: what `introduce` takes. */
export async function chainProof(
  source: Sibling,
  height: number,
): Promise<{ readonly account: readonly Hex[]; readonly slot: readonly Hex[] }> {
  const proof = await source.ledger.proof(OUTBOX_ADDRESS, [fromHex(OUTBOX_CHAIN_SLOT)], height);
  return { account: proof.accountProof.map(toHex), slot: (proof.storageProof[0]?.proof ?? []).map(toHex) };
}

/** What the state of a block holds of a lane, with its proof. */
export async function provedLane(source: Sibling, destination: bigint, height: number): Promise<LaneStateProof> {
  const lane = await outboxClient(source.client).lane(destination, height);
  return laneStateProof(lane, await source.ledger.proof(OUTBOX_ADDRESS, [fromHex(laneHeadSlot(destination))], height));
}

const ZEROS: Hex = `0x${'00'.repeat(32)}`;

async function headerAt({ ledger, chainId }: Sibling, height: number): Promise<HeaderRecord> {
  const header = await ledger.header(height);
  if (header === undefined) throw new Error(`block ${height} of ledger ${chainId} is not here`);
  return header;
}

async function certifiedAt(source: Sibling, height: number): Promise<Required<CertifiedRecord>> {
  const found = await source.ledger.certified(height);
  if (found?.certificate === undefined) throw new Error(`block ${height} of ledger ${source.chainId} is not here`);
  return { header: found.header, certificate: found.certificate };
}
