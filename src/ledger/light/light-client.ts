import { type Address, equalBytes, fromHex, type Hex, keccak256, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { LIGHT_HEADERS_KEPT_MAX } from '../../limits.ts';
import { decodeHeader, EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, type Header } from '../chain/header.ts';
import { type ConsensusReceipt, decodeConsensusReceipt } from '../chain/receipt-codec.ts';
import type { AccountProof, AccountRecord, Certificate, CertificateVerifier, ReceiptProof } from '../ledger.ts';
import { encode } from '../rlp-fields.ts';
import { orderedKey } from '../trie/ordered-trie.ts';
import { verifyTrieProof } from '../trie/trie-proof.ts';

/** What a light client believes from the start. */
export type TrustRoot =
  /** RLP of a header: genesis, or one that was checked by other means. */
  | { readonly trustedHeader: Uint8Array }
  /** The sealers of block 1, as the genesis file names them: whoever has that file need not execute it. */
  | { readonly genesisSealers: readonly Address[] };

export type LightClientOptions = TrustRoot & { readonly verifyCertificate: CertificateVerifier };

/** A slot whose value is proved. */
export interface ProvedSlot {
  readonly slot: Uint8Array;
  readonly value: Uint8Array;
}

/**
 * Follows a chain by certificates alone and checks what full nodes say of it. It needs no node API and runs in a
 * browser as well.
 *
 * It skips ahead: a header is accepted when a quorum of the sealers that the latest accepted header before it names
 * has signed it, however many blocks lie in between. Where too many of them have been exchanged, it needs the headers
 * in which the set changed. As with every client that was away, sealers which left long ago could deceive one that
 * still trusts them: a client that was away for long starts from a fresh trusted header.
 *
 * A skip takes a quorum of the known set for one of the set at that height, which it does not know. Where the set grew in between and
 * liars sit in both, votes of a round that decided nothing could look like a certificate. Whoever must exclude that takes every
 * header, or the last one before each that it accepts, as the contract `SourceHeaders` demands.
 */
export interface LightClient {
  /** The accepted header with the highest number. @throws TreadleError LIGHT_UNTRUSTED_HEADER while there is none */
  readonly head: Header;
  /** Its number; 0 when only the sealers of block 1 are known. */
  readonly height: number;
  /** Who signs the block after it. */
  readonly sealers: readonly Address[];
  /** @throws TreadleError LIGHT_UNTRUSTED_HEADER | LEDGER_MALFORMED | LEDGER_BAD_BLOCK */
  accept(headerRlp: Uint8Array, certificate: Certificate): Header;
  /** An accepted header that is still kept. */
  header(number: number): Header | undefined;
  /** The receipt, with its logs, of the transaction with this hash, as the proof shows it. @throws TreadleError LIGHT_* | LEDGER_MALFORMED */
  verifyReceipt(proof: ReceiptProof, transactionHash: Hex): ConsensusReceipt;
  /** The account and slots after the accepted block `number`. @throws TreadleError LIGHT_* */
  verifyAccount(
    proof: AccountProof,
    at: { readonly address: Address; readonly number: number },
  ): { readonly account: AccountRecord; readonly slots: readonly ProvedSlot[] };
}

/** What is known of the header before another one: its hash only when that header itself was seen. */
interface Base {
  readonly number: number;
  readonly hash: Hex | undefined;
  readonly nextSealers: readonly Address[];
}

export function createLightClient(options: LightClientOptions): LightClient {
  const accepted = new Map<number, Header>();
  let head: Header | undefined;
  let genesis: Base | undefined;
  if ('trustedHeader' in options) {
    head = decodeHeader(options.trustedHeader);
    accepted.set(head.number, head);
  } else {
    genesis = { number: 0, hash: undefined, nextSealers: options.genesisSealers };
  }
  const top = (): Base => head ?? (genesis as Base);

  const keep = (header: Header): void => {
    accepted.set(header.number, header);
    if (header.number > (head?.number ?? -1)) head = header;
    // The oldest go first: what they prove has had its time, and newer ones carry the trust on.
    if (accepted.size > LIGHT_HEADERS_KEPT_MAX) accepted.delete(Math.min(...accepted.keys()));
  };

  const accept = (headerRlp: Uint8Array, certificate: Certificate): Header => {
    const header = decodeHeader(headerRlp);
    const known = accepted.get(header.number);
    if (known !== undefined) {
      if (known.hash !== header.hash) throw untrusted(header, 'another header with this number was accepted before');
      return known;
    }
    const base: Base | undefined = latestBefore(accepted, header.number) ?? (header.number > 0 ? genesis : undefined);
    if (base === undefined) throw untrusted(header, 'it is older than every header that this client trusts');
    const next = accepted.get(header.number + 1);
    const linked =
      (base.number + 1 !== header.number || base.hash === undefined || header.parentHash === base.hash) &&
      (next === undefined || next.parentHash === header.hash);
    if (!linked) throw untrusted(header, 'it does not link to an accepted neighbour');
    if (certificate.digest !== header.hash || certificate.height !== header.number)
      throw untrusted(header, 'its certificate is for another block');
    const fault = options.verifyCertificate(certificate, base.nextSealers);
    if (fault !== undefined) throw untrusted(header, fault);
    keep(header);
    return header;
  };

  return {
    get head() {
      if (head === undefined) throw new TreadleError('LIGHT_UNTRUSTED_HEADER', { detail: 'no header has been accepted yet' });
      return head;
    },
    get height() {
      return top().number;
    },
    get sealers() {
      return top().nextSealers;
    },
    accept,
    header: (number) => accepted.get(number),
    verifyReceipt(proof, transactionHash) {
      const header = accept(proof.header.rlp, proof.certificate);
      const bytes = verifyTrieProof(header.receiptsRoot, orderedKey(proof.index), proof.proof);
      if (bytes === undefined) throw badProof(`block ${header.number} has no transaction ${proof.index}`);
      const transaction = verifyTrieProof(header.transactionsRoot, orderedKey(proof.index), proof.transactionProof);
      if (transaction === undefined || toHex(keccak256(transaction)) !== transactionHash) {
        throw badProof(`transaction ${proof.index} of block ${header.number} is not ${transactionHash}`);
      }
      return decodeConsensusReceipt(bytes);
    },
    verifyAccount(proof, { address, number }) {
      const header = accepted.get(number);
      if (header === undefined)
        throw new TreadleError('LIGHT_UNTRUSTED_HEADER', { detail: `header ${number} has not been accepted`, data: { number } });
      return {
        account: provedAccount(header, address, proof),
        slots: proof.storageProof.map((entry) => provedSlot(proof.account, entry)),
      };
    },
  };
}

function latestBefore(accepted: ReadonlyMap<number, Header>, number: number): Header | undefined {
  let latest: Header | undefined;
  for (const header of accepted.values()) {
    if (header.number < number && (latest === undefined || header.number > latest.number)) latest = header;
  }
  return latest;
}

function provedAccount(header: Header, address: Address, { account, accountProof }: AccountProof): AccountRecord {
  const found = verifyTrieProof(header.stateRoot, keccak256(fromHex(address)), accountProof);
  const { balance, nonce, codeHash, storageRoot } = account;
  const claimed = encode([nonce, balance, fromHex(storageRoot), fromHex(codeHash)]);
  const isAbsent = nonce === 0n && balance === 0n && storageRoot === EMPTY_TRIE_ROOT && codeHash === EMPTY_CODE_HASH;
  if (found === undefined ? !isAbsent : !equalBytes(found, claimed)) throw badProof('the account is not as the proof shows it');
  return account;
}

function provedSlot(account: AccountRecord, entry: AccountProof['storageProof'][number]): ProvedSlot {
  const found = verifyTrieProof(account.storageRoot, keccak256(entry.slot), entry.proof);
  let first = 0;
  while (first < entry.value.length && entry.value[first] === 0) first++;
  const claimed = entry.value.subarray(first);
  const matches = found === undefined ? claimed.length === 0 : equalBytes(found, encode(claimed));
  if (entry.value.length !== 32 || entry.slot.length !== 32 || !matches) throw badProof('a slot is not as the proof shows it');
  return { slot: entry.slot, value: entry.value };
}

function untrusted(header: Header, why: string): TreadleError {
  return new TreadleError('LIGHT_UNTRUSTED_HEADER', {
    detail: `header ${header.number} is not trusted: ${why}`,
    data: { number: header.number, hash: header.hash },
  });
}

function badProof(detail: string): TreadleError {
  return new TreadleError('LIGHT_BAD_PROOF', { detail });
}
