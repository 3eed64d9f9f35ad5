import { type Address, equalBytes, fromHex, keccak256 } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { LIGHT_HEADERS_KEPT_MAX } from '../../limits.ts';
import { decodeHeader, EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, type Header } from '../chain/header.ts';
import { type ConsensusReceipt, decodeConsensusReceipt } from '../chain/receipt-codec.ts';
import type { AccountProof, AccountRecord, Certificate, CertificateVerifier, ReceiptProof } from '../ledger.ts';
import { encode } from '../rlp-fields.ts';
import { orderedKey } from '../trie/ordered-trie.ts';
import { verifyTrieProof } from '../trie/trie-proof.ts';

export interface LightClientOptions {
  /** RLP of a header that is trusted from the start: genesis, or one that was checked by other means. */
  readonly trustedHeader: Uint8Array;
  readonly verifyCertificate: CertificateVerifier;
}

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
 */
export interface LightClient {
  /** The accepted header with the highest number. */
  readonly head: Header;
  /** @throws TreadleError LIGHT_UNTRUSTED_HEADER | LEDGER_MALFORMED | LEDGER_BAD_BLOCK */
  accept(headerRlp: Uint8Array, certificate: Certificate): Header;
  /** An accepted header that is still kept. */
  header(number: number): Header | undefined;
  /** The receipt, with its logs, that the proof shows. @throws TreadleError LIGHT_* | LEDGER_MALFORMED */
  verifyReceipt(proof: ReceiptProof): ConsensusReceipt;
  /** The account and slots after the accepted block `number`. @throws TreadleError LIGHT_* */
  verifyAccount(
    proof: AccountProof,
    at: { readonly address: Address; readonly number: number },
  ): { readonly account: AccountRecord; readonly slots: readonly ProvedSlot[] };
}

export function createLightClient(options: LightClientOptions): LightClient {
  const trusted = decodeHeader(options.trustedHeader);
  const accepted = new Map<number, Header>([[trusted.number, trusted]]);
  let head = trusted;

  const keep = (header: Header): void => {
    accepted.set(header.number, header);
    if (header.number > head.number) head = header;
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
    const base = latestBefore(accepted, header.number);
    if (base === undefined) throw untrusted(header, 'it is older than every header that this client trusts');
    const next = accepted.get(header.number + 1);
    const linked =
      (base.number + 1 !== header.number || header.parentHash === base.hash) &&
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
      return head;
    },
    accept,
    header: (number) => accepted.get(number),
    verifyReceipt(proof) {
      const header = accept(proof.header.rlp, proof.certificate);
      const bytes = verifyTrieProof(header.receiptsRoot, orderedKey(proof.index), proof.proof);
      if (bytes === undefined) throw badProof(`block ${header.number} has no transaction ${proof.index}`);
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
