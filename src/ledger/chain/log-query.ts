import type { Hex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { LOGS_RANGE_BLOCKS_MAX, LOGS_RESULT_MAX } from '../../limits.ts';
import type { LogFilter, LogRecord } from '../ledger.ts';
import { bloomTest } from './bloom.ts';
import type { ChainReader } from './chain-reader.ts';
import type { ChainStore } from './chain-store.ts';

type LogCriteria = Pick<LogFilter, 'addresses' | 'topics'>;

/** True when a log matches: any of the addresses, and at every position any of the topics asked for there. */
export function matchesFilter(log: LogRecord, filter: LogCriteria): boolean {
  if (filter.addresses.length > 0 && !filter.addresses.includes(log.address)) return false;
  return filter.topics.every((accepted, at) => {
    const topic = log.topics[at];
    return topic !== undefined ? accepted.length === 0 || accepted.includes(topic) : false;
  });
}

/**
 * Looks for logs in a range of blocks: the blooms of the headers say which blocks are worth reading.
 * @throws TreadleError LEDGER_LOGS_RANGE | LEDGER_LOGS_TOO_MANY | LEDGER_UNKNOWN_BLOCK
 */
export async function queryLogs(
  filter: LogFilter,
  chain: { readonly store: ChainStore; readonly reader: ChainReader },
): Promise<readonly LogRecord[]> {
  const from = (await chain.reader.headerOrThrow(filter.fromBlock)).number;
  const to = (await chain.reader.headerOrThrow(filter.toBlock)).number;
  if (from > to || to - from >= LOGS_RANGE_BLOCKS_MAX) {
    const detail =
      from > to ? `block ${from} is after block ${to}` : `${to - from + 1} blocks are more than ${LOGS_RANGE_BLOCKS_MAX}`;
    throw new TreadleError('LEDGER_LOGS_RANGE', { detail, data: { from, to, maximum: LOGS_RANGE_BLOCKS_MAX } });
  }
  const mayMatch = bloomCriteria(filter);
  const found: LogRecord[] = [];
  for await (const { header } of chain.store.headers(from, to)) {
    if (!mayMatch(header.logsBloom)) continue;
    const block = await chain.reader.block(header.number);
    for (const receipt of block?.receipts ?? []) {
      for (const log of receipt.logs) {
        if (!matchesFilter(log, filter)) continue;
        if (found.length >= LOGS_RESULT_MAX)
          throw new TreadleError('LEDGER_LOGS_TOO_MANY', { data: { maximum: LOGS_RESULT_MAX } });
        found.push(log);
      }
    }
  }
  return found;
}

function bloomCriteria(filter: LogCriteria): (bloom: Uint8Array) => boolean {
  const groups: readonly (readonly Hex[])[] = [filter.addresses, ...filter.topics].filter((group) => group.length > 0);
  const tests = groups.map((group) => group.map(bloomTest));
  return (bloom) => tests.every((alternatives) => alternatives.some((test) => test(bloom)));
}
