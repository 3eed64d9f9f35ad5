import { verifyCertificate } from '../consensus/index.ts';
import { type Address, concatBytes, equalBytes, fromHex, type Hex, keccak256, toHex } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import {
  createLightClient,
  type Genesis,
  genesisDomain,
  type Header,
  parseCertificate,
  RECORDS_ADDRESS,
} from '../ledger/light/index.ts';
import { type Checkpoint, formatCheckpoint, headAfter, parseCheckpoint, streamOfOrigin, word } from './checkpoint.ts';
import './errors.ts';
import { isConsistent, rootFromInclusion } from './merkle-proofs.ts';
import type { BundleAnchor, ProofBundle, StorageProof } from './proof-bundle.ts';
import { encodeReading } from './reading-entry.ts';
import { leafHash } from './tree-hash.ts';

export interface VerifyOptions {
  /** The consortium's genesis, which is trusted. Without it nothing is said about the ledger. */
  readonly genesis?: Genesis;
  /** Text of a checkpoint that was seen before, which the bundle must continue. */
  readonly older?: string;
  /** The account that must have anchored it. */
  readonly author?: Address;
}

/** What a bundle has proved. */
export interface Verdict {
  readonly origin: string;
  readonly index: number;
  readonly leaf: Hex;
  readonly size: number;
  readonly root: Hex;
  /** Size of the older checkpoint that this one continues. */
  readonly continues?: number;
  /** Where the checkpoint is known to stand: absent when there was no genesis to check it with. */
  readonly anchored?: {
    readonly author: Address;
    /** A block after which the ledger holds it. */
    readonly blockNumber: number;
    readonly blockHash: Hex;
    /** Time of that block. */
    readonly timestampMs: number;
  };
}

/**
 * Proves one reading from a bundle alone: no node, file or network is asked. Runs in a browser.
 * @throws TreadleError TELEMETRY_INVALID | TWINS_CHECKPOINT_MALFORMED | TWINS_INCLUSION_WRONG | TWINS_CONSISTENCY_WRONG |
 * TWINS_ANCHOR_WRONG | TWINS_NOT_ANCHORED
 */
export function verifyBundle(bundle: ProofBundle, options: VerifyOptions = {}): Verdict {
  const checkpoint = parseCheckpoint(bundle.checkpoint);
  const { origin, size, root } = checkpoint;
  const leaf = leafHash(encodeReading({ reading: bundle.reading, salt: fromHex(bundle.salt) }));
  const { index } = bundle;
  const found = rootFromInclusion({ leaf, index, size, path: bundle.inclusion.map(fromHex) });
  if (found === undefined || !equalBytes(found, root)) {
    const words = found === undefined ? 'does not fit its place in the log' : `leads to ${toHex(found)}`;
    throw new TreadleError('TWINS_INCLUSION_WRONG', {
      detail: `reading ${index} of ${origin} ${words}, the checkpoint has ${toHex(root)}`,
      data: { index, expected: toHex(root), actual: found === undefined ? null : toHex(found) },
    });
  }
  const continues = checkConsistency(bundle, checkpoint, options.older);
  const anchored = checkAnchor(bundle.anchor, checkpoint, options);
  return {
    origin,
    index,
    leaf: toHex(leaf),
    size,
    root: toHex(root),
    ...(continues !== undefined && { continues }),
    ...(anchored && { anchored }),
  };
}

function checkConsistency({ consistency }: ProofBundle, checkpoint: Checkpoint, wanted: string | undefined): number | undefined {
  const { origin, size, root } = checkpoint;
  const seen = wanted === undefined ? undefined : parseCheckpoint(wanted);
  // The same checkpoint needs no proof.
  if (seen !== undefined && formatCheckpoint(seen) === formatCheckpoint(checkpoint)) return size;
  if (consistency === undefined) {
    if (seen === undefined) return undefined;
    throw inconsistent(`the bundle has no proof that it continues the checkpoint of size ${seen.size}`);
  }
  const older = parseCheckpoint(consistency.checkpoint);
  if (seen !== undefined && formatCheckpoint(seen) !== formatCheckpoint(older))
    throw inconsistent(`the bundle continues another checkpoint (size ${older.size}) than the one given (size ${seen.size})`);
  const claim = { oldSize: older.size, oldRoot: older.root, size, root, path: consistency.path.map(fromHex) };
  if (older.origin !== origin || !isConsistent(claim))
    throw inconsistent(`the checkpoint of size ${size} does not continue that of size ${older.size}`);
  return older.size;
}

function checkAnchor(anchor: BundleAnchor | undefined, checkpoint: Checkpoint, options: VerifyOptions): Verdict['anchored'] {
  const { genesis, author } = options;
  if (genesis === undefined) {
    if (author === undefined) return undefined;
    throw new TreadleError('TWINS_NOT_ANCHORED', { detail: 'without a genesis nobody can say who anchored the checkpoint' });
  }
  if (anchor === undefined) throw new TreadleError('TWINS_NOT_ANCHORED');
  return verifyAnchor(anchor, checkpoint, { genesis, ...(author && { author }) });
}

/**
 * Proves that a checkpoint is the latest of its stream after a block that sealers of this chain have signed.
 * @throws TreadleError TWINS_ANCHOR_WRONG
 */
export function verifyAnchor(
  anchor: BundleAnchor,
  checkpoint: Checkpoint,
  { genesis, author }: { readonly genesis: Genesis; readonly author?: Address },
): NonNullable<Verdict['anchored']> {
  if (author !== undefined && author !== anchor.author)
    throw wrong(`the checkpoint was anchored by ${anchor.author}, not by ${author}`);
  const { header, slots } = provedSlots(anchor, genesis, streamSlots(anchor.author, streamOfOrigin(checkpoint.origin)));
  const head = headAfter({ ...anchor.segment, root: toHex(checkpoint.root) });
  if (slots.head !== head) throw wrong(`block ${header.number} has the head ${slots.head}, the checkpoint leads to ${head}`);
  if (slots.count !== checkpoint.size)
    throw wrong(`block ${header.number} has ${slots.count} readings, the checkpoint ${checkpoint.size}`);
  return { author: anchor.author, blockNumber: header.number, blockHash: header.hash, timestampMs: header.timestampMs };
}

interface StreamSlots {
  readonly totals: Hex;
  readonly head: Hex;
}

/** Where the records contract keeps a stream: `mapping(address => mapping(bytes32 => Stream))` in slot 3, two slots each. */
export function streamSlots(author: Address, stream: Hex): StreamSlots {
  const padded = concatBytes([new Uint8Array(12), fromHex(author)]);
  const ofAuthor = keccak256(concatBytes([padded, word(3)]));
  const totals = toHex(keccak256(concatBytes([fromHex(stream), ofAuthor])));
  return { totals, head: `0x${((BigInt(totals) + 1n) % 2n ** 256n).toString(16).padStart(64, '0')}` };
}

/** The stream after the last header, as the sealers that follow from the genesis have signed it. */
function provedSlots(anchor: BundleAnchor, genesis: Genesis, wanted: StreamSlots) {
  try {
    const domain = genesisDomain(genesis);
    const light = createLightClient({
      genesisSealers: genesis.sealers,
      verifyCertificate: (certificate, sealers) => verifyCertificate(domain, certificate, sealers),
    });
    let header: Header | undefined;
    for (const { rlp, certificate } of anchor.headers) header = light.accept(fromHex(rlp), parseCertificate(certificate));
    const { number } = header as Header;
    const { slots } = light.verifyAccount(accountProof(anchor.proof), { address: RECORDS_ADDRESS, number });
    const [totals, head] = slots;
    if (slots.length !== 2 || totals === undefined || head === undefined) throw wrong('two slots are to be proved');
    if (toHex(totals.slot) !== wanted.totals || toHex(head.slot) !== wanted.head) throw wrong('the proof is of other slots');
    // Solidity puts the first field lowest: from, to, samples, segments.
    const count = Number(new DataView(totals.value.slice().buffer).getBigUint64(8));
    return { header: header as Header, slots: { count, head: toHex(head.value) } };
  } catch (error) {
    if (!(error instanceof TreadleError) || error.code === 'TWINS_ANCHOR_WRONG') throw error;
    throw new TreadleError('TWINS_ANCHOR_WRONG', {
      detail: `the ledger's part of the bundle does not hold: ${error.detail}`,
      cause: error,
    });
  }
}

function accountProof(proof: StorageProof) {
  return {
    account: {
      balance: BigInt(proof.balance),
      nonce: BigInt(proof.nonce),
      codeHash: proof.codeHash,
      storageRoot: proof.storageHash,
    },
    accountProof: proof.accountProof.map(fromHex),
    storageProof: proof.storageProof.map(({ key, value, proof: nodes }) => ({
      slot: fullWord(key),
      value: fullWord(value),
      proof: nodes.map(fromHex),
    })),
  };
}

function fullWord(quantity: Hex): Uint8Array {
  return fromHex(quantity.slice(2).padStart(64, '0'));
}

function inconsistent(detail: string): TreadleError {
  return new TreadleError('TWINS_CONSISTENCY_WRONG', { detail });
}

function wrong(detail: string): TreadleError {
  return new TreadleError('TWINS_ANCHOR_WRONG', { detail });
}
