import { toHex } from '../../crypto/index.ts';
import type { BlockRecord, EncodedTransaction, HeaderRecord } from '../ledger.ts';
import { decodeHeader } from './decode-header.ts';
import { formatTransaction } from './format-transaction.ts';
import { padLeft, quantityOfBytes } from './quantity.ts';

export type RpcHeader = Readonly<Record<string, unknown>>;
export type RpcBlock = Readonly<Record<string, unknown>>;

/** A header as the `newHeads` subscription sends it: every field of the encoded header, and its hash. */
export function formatHeader(header: HeaderRecord): RpcHeader {
  const fields = decodeHeader(header.rlp);
  return {
    number: quantityOfBytes(fields.number),
    hash: header.hash,
    parentHash: toHex(fields.parentHash),
    nonce: toHex(padLeft(fields.nonce, 8)),
    mixHash: toHex(fields.mixHash),
    sha3Uncles: toHex(fields.sha3Uncles),
    logsBloom: toHex(fields.logsBloom),
    transactionsRoot: toHex(fields.transactionsRoot),
    stateRoot: toHex(fields.stateRoot),
    receiptsRoot: toHex(fields.receiptsRoot),
    miner: toHex(fields.miner),
    difficulty: quantityOfBytes(fields.difficulty),
    extraData: toHex(fields.extraData),
    gasLimit: quantityOfBytes(fields.gasLimit),
    gasUsed: quantityOfBytes(fields.gasUsed),
    timestamp: quantityOfBytes(fields.timestamp),
    baseFeePerGas: quantityOfBytes(fields.baseFeePerGas),
    withdrawalsRoot: toHex(fields.withdrawalsRoot),
    blobGasUsed: quantityOfBytes(fields.blobGasUsed),
    excessBlobGas: quantityOfBytes(fields.excessBlobGas),
    parentBeaconBlockRoot: toHex(fields.parentBeaconBlockRoot),
    requestsHash: toHex(fields.requestsHash),
  };
}

/** A block as `eth_getBlockByNumber` returns it, with whole transactions or their hashes. */
export function formatBlock(block: BlockRecord, whole: boolean): RpcBlock {
  const { header } = block;
  const baseFeeWei = baseFeeOf(header);
  const transactions = encodedOf(block);
  return {
    ...formatHeader(header),
    totalDifficulty: '0x0',
    size: `0x${blockSizeBytes(header.rlp, transactions).toString(16)}`,
    transactions: whole
      ? block.transactions.map((transaction, index) =>
          formatTransaction(transaction, { blockHash: header.hash, blockNumber: header.number, index, baseFeeWei }),
        )
      : transactions.map(({ hash }) => hash),
    uncles: [],
    withdrawals: [],
  };
}

/** The transactions as they are encoded, without making the library's objects where the ledger has not. */
export function encodedOf(block: BlockRecord): readonly EncodedTransaction[] {
  return (
    block.encoded ?? block.transactions.map((transaction) => ({ hash: toHex(transaction.hash()), raw: transaction.serialize() }))
  );
}

export function baseFeeOf(header: HeaderRecord): bigint {
  return BigInt(quantityOfBytes(decodeHeader(header.rlp).baseFeePerGas));
}

/** Length of the block's RLP: the list of header, transactions, uncles (none) and withdrawals (none). */
export function blockSizeBytes(headerRlp: Uint8Array, transactions: readonly EncodedTransaction[]): number {
  let bodies = 0;
  for (const { raw } of transactions) {
    // A typed transaction stands in the list as a byte string, a legacy one as the list that it is.
    const isLegacy = (raw[0] as number) >= 0xc0;
    bodies += isLegacy ? raw.length : withPrefix(raw.length);
  }
  const emptyLists = 2;
  return withPrefix(headerRlp.length + withPrefix(bodies) + emptyLists);
}

/** RLP adds one byte to a payload below 56 bytes, and one byte plus its length to a longer one. */
function withPrefix(bytes: number): number {
  if (bytes < 56) return bytes + 1;
  let lengthBytes = 0;
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 256)) lengthBytes++;
  return bytes + 1 + lengthBytes;
}
