import { RPC_RECEIPT_WAIT_MS_MAX } from '../../../limits.ts';
import type { BlockId, LedgerView } from '../../ledger.ts';
import { baseFeeOf } from '../format-block.ts';
import { formatTransaction, type RpcTransaction } from '../format-transaction.ts';
import { type Method, type MethodTable, method, optional, required } from '../method.ts';
import { parseBlockNumber } from '../parse-block-id.ts';
import { parseData, parseHash, parseQuantity, parseWholeNumber, safeNumber } from '../quantity.ts';
import { receiptByHash, receiptOf } from '../receipt-of.ts';
import { rpcError } from '../rpc-error.ts';
import type { RpcServices } from '../services.ts';

const transactionHash = required('hash', parseHash);
const index = required('index', parseQuantity);

/** Time that `eth_sendRawTransactionSync` waits when the caller names none. */
const SYNC_TIMEOUT_MS = 20_000;

/** Transactions: sent, found, and what became of them. */
export function transactionMethods(services: RpcServices): MethodTable {
  const { ledger } = services;
  return {
    eth_sendRawTransaction: sendRawTransactionMethod(services),
    eth_sendRawTransactionSync: sendRawTransactionSyncMethod(services),
    eth_getTransactionByHash: transactionByHashMethod(services),
    eth_getTransactionByBlockNumberAndIndex: method(
      'A transaction by its block and its place there.',
      [required('block', parseBlockNumber), index],
      ([id, place]) => transactionAt(ledger, id, place),
    ),
    eth_getTransactionByBlockHashAndIndex: method(
      'A transaction by its block and its place there.',
      [required('blockHash', parseHash), index],
      ([id, place]) => transactionAt(ledger, id, place),
    ),
    eth_getTransactionReceipt: method('What became of a transaction; null until it is in a block.', [transactionHash], ([hash]) =>
      receiptByHash(ledger, hash),
    ),
  };
}

function sendRawTransactionMethod({ ledger }: RpcServices): Method {
  return method('Checks and pools a signed transaction; returns its hash.', [required('transaction', parseData)], ([raw]) =>
    ledger.submit(raw),
  );
}

function sendRawTransactionSyncMethod({ ledger, waiters }: RpcServices): Method {
  return method(
    'Sends a signed transaction and waits for its receipt (EIP-7966).',
    [required('transaction', parseData), optional('timeoutMs', parseWholeNumber, SYNC_TIMEOUT_MS)],
    async ([raw, timeoutMs], { connection }) => {
      const hash = await ledger.submit(raw);
      const receipt = await waiters.wait({
        hash,
        timeoutMs: Math.min(timeoutMs, RPC_RECEIPT_WAIT_MS_MAX),
        ...(connection !== undefined && { connection }),
      });
      if (receipt === undefined) throw rpcError('RPC_RECEIPT_TIMEOUT', { data: { hash } });
      return receiptOf(ledger, receipt);
    },
  );
}

function transactionByHashMethod({ ledger }: RpcServices): Method {
  return method('A transaction, in a block or pooled (then without a block).', [transactionHash], async ([hash]) => {
    const found = await ledger.transaction(hash);
    if (found === undefined) return null;
    const { transaction, place } = found;
    if (place === undefined) return formatTransaction(transaction, undefined);
    const { block } = place;
    return formatTransaction(transaction, {
      blockHash: block.hash,
      blockNumber: block.number,
      index: place.index,
      baseFeeWei: baseFeeOf(block),
    });
  });
}

async function transactionAt(ledger: LedgerView, id: BlockId, place: bigint): Promise<RpcTransaction | null> {
  const block = await ledger.block(id);
  const at = safeNumber(place);
  const transaction = block?.transactions[at];
  if (block === undefined || transaction === undefined) return null;
  const { header } = block;
  return formatTransaction(transaction, {
    blockHash: header.hash,
    blockNumber: header.number,
    index: at,
    baseFeeWei: baseFeeOf(header),
  });
}
