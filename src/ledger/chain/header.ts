import { BoundedMap } from '../../bounded-map.ts';
import { type Address, fromHex, type Hex, keccak256, toAddress, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { EXTRA_DATA_BYTES_MAX, HEADERS_DECODED_MAX, MIX_HASHES_MAX, SEALERS_MAX } from '../../limits.ts';
import type { HeaderRecord } from '../ledger.ts';
import { bigintOf, bytesOf, decode, encode, type Item, listOf, numberOf } from '../rlp-fields.ts';

/** Keccak-256 of the RLP of an empty list: no uncles. */
export const EMPTY_LIST_HASH: Hex = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';
/** Root of an empty trie: no transactions, no receipts, no withdrawals (EIP-4895). */
export const EMPTY_TRIE_ROOT: Hex = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
/** SHA-256 of nothing: no execution layer requests (EIP-7685). */
export const EMPTY_REQUESTS_HASH: Hex = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
/** Keccak-256 of nothing: an account without code. */
export const EMPTY_CODE_HASH: Hex = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';

const ZERO_32 = new Uint8Array(32);
const ZERO_8 = new Uint8Array(8);
const EXTRA_VERSION = 1;
const HEADER_FIELDS = 21;

/** The fields of a header that this chain chooses; the other fields of an Ethereum header of the Prague fork are constant here. */
export interface HeaderFields {
  readonly parentHash: Hex;
  readonly proposer: Address;
  readonly stateRoot: Hex;
  readonly transactionsRoot: Hex;
  readonly receiptsRoot: Hex;
  readonly logsBloom: Uint8Array;
  readonly number: number;
  readonly gasLimit: bigint;
  readonly gasUsed: bigint;
  readonly timestampMs: number;
  readonly nextSealers: readonly Address[];
  /** `PREVRANDAO`: see {@link mixHashAfter}; of genesis, the hash of what the state does not hold (chain id, governance). */
  readonly mixHash: Hex;
}

/** A header as Ethereum tools read it. */
export interface Header extends HeaderRecord, HeaderFields {
  readonly extraData: Uint8Array;
}

/**
 * The `PREVRANDAO` of a block: the hash of its parent's hash. It differs from block to block and every node computes
 * it alike, but a proposer can foresee it: contracts must not draw lots with it.
 */
export function mixHashAfter(parentHash: Hex): Hex {
  const known = mixHashes.get(parentHash);
  if (known !== undefined) return known;
  const mixHash = toHex(keccak256(fromHex(parentHash)));
  mixHashes.set(parentHash, mixHash);
  return mixHash;
}

const mixHashes = new BoundedMap<Hex, Hex>(MIX_HASHES_MAX);

/** What Ethereum's header has no field for: RLP of [version, timestamp in ms, sealers of the next height]. */
export function encodeExtraData(timestampMs: number, nextSealers: readonly Address[]): Uint8Array {
  return encode([EXTRA_VERSION, timestampMs, nextSealers.map(fromHex)]);
}

function decodeExtraData(extraData: Uint8Array): { readonly timestampMs: number; readonly nextSealers: readonly Address[] } {
  if (extraData.length > EXTRA_DATA_BYTES_MAX) throw broken('extra data is too long');
  const [version, timestampMs, sealers] = listOf(decode(extraData, 'extra data'), 'extra data', 3);
  if (numberOf(version, 'extra data version') !== EXTRA_VERSION) throw broken('extra data has an unknown version');
  const nextSealers = listOf(sealers, 'next sealers').map((item) => toAddress(toHex(bytesOf(item, 'next sealer', 20))));
  if (nextSealers.length === 0 || nextSealers.length > SEALERS_MAX) throw broken(`${nextSealers.length} next sealers`);
  if (!isAscending(nextSealers)) throw broken('next sealers are not ascending');
  return { timestampMs: numberOf(timestampMs, 'timestamp'), nextSealers };
}

/** True when the addresses ascend strictly: sorted, each once. */
export function isAscending(addresses: readonly Address[]): boolean {
  return addresses.every((address, at) => at === 0 || (addresses[at - 1] as Address) < address);
}

/** Builds a header: its Ethereum RLP (Prague's 21 fields) and its hash. */
export function makeHeader(fields: HeaderFields): Header {
  const extraData = encodeExtraData(fields.timestampMs, fields.nextSealers);
  const rlp = encode([
    fromHex(fields.parentHash),
    fromHex(EMPTY_LIST_HASH),
    fromHex(fields.proposer),
    fromHex(fields.stateRoot),
    fromHex(fields.transactionsRoot),
    fromHex(fields.receiptsRoot),
    fields.logsBloom,
    0,
    fields.number,
    fields.gasLimit,
    fields.gasUsed,
    Math.floor(fields.timestampMs / 1000),
    extraData,
    fromHex(fields.mixHash),
    ZERO_8,
    0,
    fromHex(EMPTY_TRIE_ROOT),
    0,
    0,
    ZERO_32,
    fromHex(EMPTY_REQUESTS_HASH),
  ]);
  return { ...fields, extraData, rlp, hash: toHex(keccak256(rlp)) };
}

// Decoding is pure and every node that a process seats sees the same headers: those found valid are remembered.
const decodedHeaders = new BoundedMap<Hex, Header>(HEADERS_DECODED_MAX);

/**
 * Reads a header and holds it to everything that can be said of it alone: constants, lengths, canonical encoding.
 * @throws TreadleError LEDGER_MALFORMED | LEDGER_BAD_BLOCK
 */
export function decodeHeader(rlp: Uint8Array): Header {
  const hash = toHex(keccak256(rlp));
  const known = decodedHeaders.get(hash);
  if (known !== undefined) return known;
  const items = listOf(decode(rlp, 'header'), 'header', HEADER_FIELDS);
  const hash32 = (at: number, name: string): Hex => toHex(bytesOf(items[at] as Item, name, 32));
  const extraData = bytesOf(items[12], 'extra data');
  const header = makeHeader({
    parentHash: hash32(0, 'parent hash'),
    proposer: toAddress(toHex(bytesOf(items[2], 'coinbase', 20))),
    stateRoot: hash32(3, 'state root'),
    transactionsRoot: hash32(4, 'transactions root'),
    receiptsRoot: hash32(5, 'receipts root'),
    logsBloom: bytesOf(items[6], 'logs bloom', 256),
    number: numberOf(items[8], 'number'),
    gasLimit: bigintOf(items[9], 'gas limit'),
    gasUsed: bigintOf(items[10], 'gas used'),
    mixHash: hash32(13, 'mix hash'),
    ...decodeExtraData(extraData),
  });
  // Encoding what was understood and comparing the hash checks every constant field and the canonical form at once.
  if (header.hash !== hash) throw broken('a header field has a value that this chain does not use');
  decodedHeaders.set(hash, header);
  return header;
}

function broken(detail: string): TreadleError {
  return new TreadleError('LEDGER_BAD_BLOCK', { detail });
}
