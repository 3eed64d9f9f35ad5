import { hasCode } from '../../errors.ts';
import { LOGS_RANGE_BLOCKS_MAX } from '../../limits.ts';
import { matchesFilter } from '../chain/log-query.ts';
import type { LedgerView, LogFilter, LogRecord } from '../ledger.ts';

/** Which logs are wanted, without the range. */
export type LogCriteria = Pick<LogFilter, 'addresses' | 'topics'>;

export interface LogSpan {
  /** First and last block, both read. */
  readonly fromBlock: number;
  readonly toBlock: number;
}

export interface LogsRead {
  readonly logs: readonly LogRecord[];
  /** First block that was not read: `toBlock + 1` when the span was read whole. */
  readonly nextBlock: number;
}

/**
 * As many blocks of a span as one answer may hold: a filter that is polled gets the rest with its next poll instead
 * of an error that it could never get past. A single block is always read whole.
 */
export async function readLogs(ledger: LedgerView, criteria: LogCriteria, span: LogSpan): Promise<LogsRead> {
  let toBlock = Math.min(span.toBlock, span.fromBlock + LOGS_RANGE_BLOCKS_MAX - 1);
  while (toBlock > span.fromBlock) {
    try {
      return { logs: await ledger.logs({ ...criteria, fromBlock: span.fromBlock, toBlock }), nextBlock: toBlock + 1 };
    } catch (error) {
      if (!hasCode(error, 'LEDGER_LOGS_TOO_MANY')) throw error;
      toBlock = span.fromBlock + Math.floor((toBlock - span.fromBlock) / 2);
    }
  }
  if (toBlock < span.fromBlock) return { logs: [], nextBlock: span.fromBlock };
  return { logs: await logsOfBlock(ledger, toBlock, criteria), nextBlock: toBlock + 1 };
}

async function logsOfBlock(ledger: LedgerView, number: number, criteria: LogCriteria): Promise<readonly LogRecord[]> {
  const receipts = (await ledger.receipts(number)) ?? [];
  return receipts.flatMap((receipt) => receipt.logs.filter((log) => matchesFilter(log, criteria)));
}
