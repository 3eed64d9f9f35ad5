import { type Hex, toHex } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { RPC_FILTER_IDLE_MICROS, RPC_FILTERS_MAX, RPC_PENDING_HASHES_KEPT } from '../../limits.ts';
import type { LedgerView } from '../ledger.ts';
import { formatLog } from './format-receipt.ts';
import type { ParsedLogFilter } from './parse-log-filter.ts';
import { readLogs } from './read-logs.ts';
import { rpcError } from './rpc-error.ts';

/** What a filter reports: hashes of blocks, hashes of pooled transactions, or logs. */
type FilterKind =
  | { readonly type: 'blocks' }
  | { readonly type: 'pending' }
  | { readonly type: 'logs'; readonly filter: ParsedLogFilter; readonly toBlock: number };

interface Filter {
  readonly kind: FilterKind;
  /** First block, or position in the list of pooled hashes, that was not reported yet. */
  next: number;
  lastReadMicros: number;
  /** A poll under way; the next one waits for it, so that nothing is reported twice. */
  reading: Promise<unknown>;
}

export interface Filters {
  addBlocks(): Hex;
  addPending(): Hex;
  addLogs(filter: ParsedLogFilter): Hex;
  /** Everything since the last poll. @throws RpcError RPC_FILTER_UNKNOWN */
  changes(id: string): Promise<readonly unknown[]>;
  /** The criteria of a log filter, to run it from its start. @throws RpcError RPC_FILTER_UNKNOWN */
  logFilter(id: string): ParsedLogFilter;
  remove(id: string): boolean;
}

/**
 * The filters that clients poll. A filter holds no events: it remembers a block number and reads the chain, so that
 * a slow client costs nothing. Only pooled transactions, which the chain forgets, are kept in a bounded list.
 */
export function createFilters(ledger: LedgerView, environment: Environment): Filters {
  const filters = new Map<string, Filter>();
  const pooled = pendingHashes(ledger);
  const ids = environment.random.stream('rpc filters');

  function add(kind: FilterKind, next: number): Hex {
    dropIdle();
    if (filters.size >= RPC_FILTERS_MAX) {
      throw rpcError('RPC_LIMIT', {
        detail: `this node keeps ${RPC_FILTERS_MAX} filters and has as many; uninstall one or use eth_getLogs`,
      });
    }
    const id = toHex(ids.bytes(16));
    filters.set(id, { kind, next, lastReadMicros: environment.clock.now(), reading: Promise.resolve() });
    return id;
  }

  function dropIdle(): void {
    const oldest = environment.clock.now() - RPC_FILTER_IDLE_MICROS;
    for (const [id, filter] of filters) if (filter.lastReadMicros < oldest) remove(id);
  }

  function remove(id: string): boolean {
    const filter = filters.get(id);
    if (filter === undefined) return false;
    filters.delete(id);
    if (filter.kind.type === 'pending') pooled.leave();
    return true;
  }

  function find(id: string): Filter {
    dropIdle();
    const filter = filters.get(id);
    if (filter === undefined) throw rpcError('RPC_FILTER_UNKNOWN');
    filter.lastReadMicros = environment.clock.now();
    return filter;
  }

  async function read(filter: Filter): Promise<readonly unknown[]> {
    if (filter.kind.type === 'pending') {
      const { hashes, next } = pooled.since(filter.next);
      filter.next = next;
      return hashes;
    }
    const toBlock = filter.kind.type === 'logs' ? Math.min(filter.kind.toBlock, ledger.head.number) : ledger.head.number;
    if (filter.kind.type === 'blocks') {
      const hashes = await blockHashes(ledger, filter.next, toBlock);
      filter.next += hashes.length;
      return hashes;
    }
    const { logs, nextBlock } = await readLogs(ledger, filter.kind.filter.criteria, { fromBlock: filter.next, toBlock });
    filter.next = nextBlock;
    return logs.map(formatLog);
  }

  return {
    addBlocks: () => add({ type: 'blocks' }, ledger.head.number + 1),
    addPending: () => {
      const id = add({ type: 'pending' }, pooled.position());
      pooled.join();
      return id;
    },
    addLogs: (filter) => {
      const toBlock = typeof filter.toBlock === 'number' ? filter.toBlock : Number.MAX_SAFE_INTEGER;
      const from = typeof filter.fromBlock === 'number' ? filter.fromBlock : 0;
      return add({ type: 'logs', filter, toBlock }, Math.max(from, ledger.head.number + 1));
    },
    changes: (id) => {
      const filter = find(id);
      const reading = filter.reading.then(
        () => read(filter),
        () => read(filter),
      );
      filter.reading = reading;
      return reading;
    },
    logFilter: (id) => {
      const { kind } = find(id);
      if (kind.type !== 'logs') throw rpcError('RPC_INVALID_INPUT', { detail: 'this filter does not watch logs' });
      return kind.filter;
    },
    remove,
  };
}

/** Most block hashes one poll returns; the rest come with the next poll. */
const BLOCK_HASHES_MAX = 10_000;

async function blockHashes(ledger: LedgerView, fromBlock: number, toBlock: number): Promise<readonly Hex[]> {
  const hashes: Hex[] = [];
  for (let number = fromBlock; number <= toBlock && hashes.length < BLOCK_HASHES_MAX; number++) {
    const header = await ledger.header(number);
    if (header === undefined) break;
    hashes.push(header.hash);
  }
  return hashes;
}

/** The hashes of transactions as they were pooled, numbered; listens only while somebody reads. */
function pendingHashes(ledger: LedgerView) {
  let kept: Hex[] = [];
  let first = 0;
  let readers = 0;
  let stop: (() => void) | undefined;
  return {
    position: (): number => first + kept.length,
    join(): void {
      readers++;
      stop ??= ledger.onPending((hash) => {
        kept.push(hash);
        // Cutting half at a time keeps the cost of a push constant on average.
        if (kept.length < 2 * RPC_PENDING_HASHES_KEPT) return;
        first += kept.length - RPC_PENDING_HASHES_KEPT;
        kept = kept.slice(-RPC_PENDING_HASHES_KEPT);
      });
    },
    leave(): void {
      readers--;
      if (readers > 0) return;
      stop?.();
      stop = undefined;
      first += kept.length;
      kept = [];
    },
    since: (next: number): { readonly hashes: readonly Hex[]; readonly next: number } => ({
      hashes: kept.slice(Math.max(0, next - first)),
      next: first + kept.length,
    }),
  };
}
