import type { Hex } from '../../crypto/index.ts';
import type { LedgerView, ReceiptRecord } from '../ledger.ts';
import { baseFeeOf } from './format-block.ts';
import { formatReceipt, type RpcReceipt } from './format-receipt.ts';
import { effectiveGasPrice } from './format-transaction.ts';

/** The receipt of a committed transaction, or null. */
export async function receiptByHash(ledger: LedgerView, hash: Hex): Promise<RpcReceipt | null> {
  const receipt = await ledger.receipt(hash);
  return receipt === undefined ? null : receiptOf(ledger, receipt);
}

/** A receipt in JSON. The price of its gas stands in the transaction, not in the ledger's record of the receipt. */
export async function receiptOf(ledger: LedgerView, receipt: ReceiptRecord): Promise<RpcReceipt> {
  const found = await ledger.transaction(receipt.transactionHash);
  const priceWei = found?.place === undefined ? 0n : effectiveGasPrice(found.transaction, baseFeeOf(found.place.block));
  return formatReceipt(receipt, priceWei);
}
