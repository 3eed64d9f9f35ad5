import type { ConsortiumClient, LedgerClient, LogsRequest, Page, PlacedLog, Rpc } from '../contracts/index.ts';
import type { Address } from '../crypto/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import { CLI_EVENTS_RANGE_BLOCKS, CLI_PAGE_RECORDS, CLI_READS_AT_ONCE } from '../limits.ts';
import { ask } from './rpc-over-http.ts';

/** Number of the newest block. @throws TreadleError CLI_NODE_REFUSED | CLI_NO_ANSWER | CLI_NOT_JSON_RPC */
export async function headNumber(rpc: Rpc): Promise<number> {
  const answer = await ask<unknown>(rpc, 'eth_blockNumber');
  const number = typeof answer === 'string' && /^0x[0-9a-f]+$/i.test(answer) ? Number(answer) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw new TreadleError('CLI_NOT_JSON_RPC', {
    detail: `the answer to eth_blockNumber is not a number: ${String(answer).slice(0, 60)}`,
  });
}

/**
 * Logs of a contract over any number of blocks, oldest first. The range of one request is halved while the node refuses it for its size,
 * and doubled again.
 * @throws TreadleError as `LedgerClient.logs` does for a single block
 */
export async function* readLogs(
  client: LedgerClient,
  wanted: Omit<LogsRequest, 'fromBlock' | 'toBlock'> & { readonly fromBlock: number; readonly toBlock: number },
): AsyncGenerator<PlacedLog> {
  let fromBlock = wanted.fromBlock;
  let range = CLI_EVENTS_RANGE_BLOCKS;
  while (fromBlock <= wanted.toBlock) {
    const toBlock = Math.min(wanted.toBlock, fromBlock + range - 1);
    try {
      yield* await client.logs({ ...wanted, fromBlock, toBlock });
      fromBlock = toBlock + 1;
      range = Math.min(CLI_EVENTS_RANGE_BLOCKS, range * 2);
    } catch (error) {
      if (toBlock === fromBlock || !hasCode(error, 'CONTRACT_REJECTED')) throw error;
      range = Math.ceil((toBlock - fromBlock + 1) / 2);
    }
  }
}

/** All records of a list that a contract gives in pages. */
export async function readAll<T>(list: (page: Page) => Promise<readonly T[]>): Promise<readonly T[]> {
  const all: T[] = [];
  for (;;) {
    const page = await list({ offset: BigInt(all.length), limit: BigInt(CLI_PAGE_RECORDS) });
    all.push(...page);
    if (page.length < CLI_PAGE_RECORDS) return all;
  }
}

/** Maps with a bounded number of reads under way; results are in order. */
export async function readEach<T, R>(items: readonly T[], read: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      results[at] = await read(items[at] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CLI_READS_AT_ONCE, items.length) }, worker));
  return results;
}

/** Names of the companies by account; the proxy is among them. */
export async function readNames(consortium: ConsortiumClient): Promise<ReadonlyMap<Address, string>> {
  const [companies, proxy] = await Promise.all([readAll((page) => consortium.companies(page)), consortium.proxy()]);
  return new Map([[proxy, 'proxy'], ...companies.map(({ account, name }) => [account, name] as const)]);
}
