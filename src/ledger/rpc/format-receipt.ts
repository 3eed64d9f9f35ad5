import { toHex } from '../../crypto/index.ts';
import type { LogRecord, ReceiptRecord } from '../ledger.ts';
import { quantity } from './quantity.ts';

/** A log as `eth_getLogs` and receipts show it. */
export type RpcLog = Readonly<Record<string, unknown>>;
export type RpcReceipt = Readonly<Record<string, unknown>>;

/** Blocks are final, so a log is never `removed`. */
export function formatLog(log: LogRecord): RpcLog {
  return {
    address: log.address,
    topics: log.topics,
    data: log.data,
    blockNumber: quantity(log.blockNumber),
    blockHash: log.blockHash,
    transactionHash: log.transactionHash,
    transactionIndex: quantity(log.transactionIndex),
    logIndex: quantity(log.logIndex),
    removed: false,
  };
}

/** A receipt as `eth_getTransactionReceipt` returns it. A reverted one also carries `revertReason`, as Besu's does. */
export function formatReceipt(receipt: ReceiptRecord, effectiveGasPriceWei: bigint): RpcReceipt {
  return {
    transactionHash: receipt.transactionHash,
    transactionIndex: quantity(receipt.transactionIndex),
    blockHash: receipt.blockHash,
    blockNumber: quantity(receipt.blockNumber),
    from: receipt.from,
    to: receipt.to ?? null,
    contractAddress: receipt.contractAddress ?? null,
    type: quantity(receipt.type),
    status: quantity(receipt.status),
    gasUsed: quantity(receipt.gasUsed),
    cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
    effectiveGasPrice: quantity(effectiveGasPriceWei),
    logsBloom: toHex(receipt.logsBloom),
    logs: receipt.logs.map(formatLog),
    ...(receipt.revertData !== undefined && { revertReason: receipt.revertData }),
  };
}
