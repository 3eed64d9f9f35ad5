import { LOGS_RANGE_BLOCKS_MAX, LOGS_RESULT_MAX } from '../../../limits.ts';
import type { LedgerView, LogRecord } from '../../ledger.ts';
import { formatLog, type RpcLog } from '../format-receipt.ts';
import { type Method, type MethodTable, method, parseText, required } from '../method.ts';
import { headerAt } from '../parse-block-id.ts';
import { type ParsedLogFilter, parseLogFilter } from '../parse-log-filter.ts';
import { rpcError } from '../rpc-error.ts';
import type { RpcServices } from '../services.ts';

const filter = required('filter', parseLogFilter);
const filterId = required('filterId', parseText);

/** Logs, asked for at once or polled through filters. */
export function logMethods({ ledger, filters }: RpcServices): MethodTable {
  return {
    eth_getLogs: getLogsMethod(ledger),
    eth_newFilter: method('Starts a filter for logs of new blocks.', [filter], ([wanted]) => filters.addLogs(wanted)),
    eth_newBlockFilter: method('Starts a filter for the hashes of new blocks.', [], () => filters.addBlocks()),
    eth_newPendingTransactionFilter: method('Starts a filter for the hashes of newly pooled transactions.', [], () =>
      filters.addPending(),
    ),
    eth_getFilterChanges: method('What a filter has seen since it was last asked.', [filterId], ([id]) => filters.changes(id)),
    eth_getFilterLogs: method('All logs of a log filter, from its first block on.', [filterId], ([id]) =>
      queryLogs(ledger, filters.logFilter(id)),
    ),
    eth_uninstallFilter: method('Ends a filter; false when there is none by this id.', [filterId], ([id]) => filters.remove(id)),
  };
}

function getLogsMethod(ledger: LedgerView): Method {
  return method(
    `Logs by block hash or by range (at most ${LOGS_RANGE_BLOCKS_MAX} blocks and ${LOGS_RESULT_MAX} logs), address and topics.`,
    [filter],
    ([wanted]) => queryLogs(ledger, wanted),
  );
}

async function queryLogs(ledger: LedgerView, wanted: ParsedLogFilter): Promise<readonly RpcLog[]> {
  return (await findLogs(ledger, wanted)).map(formatLog);
}

async function findLogs(ledger: LedgerView, wanted: ParsedLogFilter): Promise<readonly LogRecord[]> {
  const { criteria, blockHash } = wanted;
  if (blockHash !== undefined) {
    const { number } = await headerAt(ledger, blockHash);
    return ledger.logs({ ...criteria, fromBlock: number, toBlock: number });
  }
  const head = ledger.head.number;
  const fromBlock = blockNumber(wanted.fromBlock, head);
  const toBlock = blockNumber(wanted.toBlock, head);
  if (typeof wanted.fromBlock === 'number' && typeof wanted.toBlock === 'number' && fromBlock > toBlock) {
    throw rpcError('RPC_INVALID_PARAMETER', {
      detail: `invalid block range: fromBlock ${fromBlock} is after toBlock ${toBlock}`,
    });
  }
  const last = Math.min(toBlock, head);
  // A client that polls asks for the block after the head: there is nothing yet, and that is no error.
  if (fromBlock > last) return [];
  return ledger.logs({ ...criteria, fromBlock, toBlock: last });
}

function blockNumber(id: ParsedLogFilter['fromBlock'], head: number): number {
  if (typeof id === 'number') return id;
  return id === 'earliest' ? 0 : head;
}
