import type { TypedTransaction } from '@ethereumjs/tx';
import { type Address, toAddress, toHex } from '../../../crypto/index.ts';
import type { BlockRecord, ReceiptRecord } from '../../../ledger/index.ts';
import { methodName, recipientOf } from '../decode/decode-transaction.ts';
import type { Names } from '../projection/names.ts';
import type { BlockRow, TransactionRow } from '../types.ts';

export function blockRow(block: BlockRecord, names: Names): BlockRow {
  const { header } = block;
  return {
    number: header.number,
    hash: header.hash,
    timestampMs: header.timestampMs,
    proposer: names.partyOf(header.proposer),
    transactions: block.transactions.length,
    gasUsed: header.gasUsed.toString(),
    round: block.certificate?.round ?? null,
  };
}

/** Where a transaction stands; absent while it is pending. */
export interface Committed {
  readonly blockNumber: number;
  readonly timestampMs: number;
  readonly index: number;
  readonly receipt: ReceiptRecord;
}

export function transactionRow(transaction: TypedTransaction, committed: Committed | undefined, names: Names): TransactionRow {
  const to = recipientOf(transaction);
  return {
    hash: toHex(transaction.hash()),
    status: committed === undefined ? 'pending' : committed.receipt.status === 1 ? 'succeeded' : 'reverted',
    blockNumber: committed?.blockNumber ?? null,
    index: committed?.index ?? null,
    timestampMs: committed?.timestampMs ?? null,
    from: names.partyOf(committed?.receipt.from ?? senderOf(transaction)),
    to: to === undefined ? null : names.partyOf(to),
    method: methodName(transaction),
    valueWei: transaction.value.toString(),
    gasUsed: committed?.receipt.gasUsed.toString() ?? null,
  };
}

function senderOf(transaction: TypedTransaction): Address {
  return toAddress(transaction.getSenderAddress().toString());
}

/** Rows of a block's transactions from `from` on, at most `count`. */
export function transactionRows(
  block: BlockRecord,
  receipts: readonly ReceiptRecord[],
  { from, count, names }: { readonly from: number; readonly count: number; readonly names: Names },
): TransactionRow[] {
  return block.transactions.slice(from, from + count).flatMap((transaction, at) => {
    const index = from + at;
    const receipt = receipts[index];
    if (receipt === undefined) return [];
    const { number: blockNumber, timestampMs } = block.header;
    return [transactionRow(transaction, { blockNumber, timestampMs, index, receipt }, names)];
  });
}
