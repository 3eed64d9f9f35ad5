import type { Environment, Table } from '../environment/index.ts';
import { NODE_MEMORY_BYTES_MAX } from '../limits.ts';
import { ChainReader } from './chain/chain-reader.ts';
import { ChainStore } from './chain/chain-store.ts';
import { openChain } from './chain/open-chain.ts';
import { EvmExecutor } from './execution/evm-executor.ts';
import type { Executor } from './execution/executor.ts';
import { type StateStore, TableStateStore } from './execution/state-store.ts';
import type { Genesis } from './genesis.ts';
import type { CertificateVerifier, Ledger } from './ledger.ts';
import { NodeLedger } from './node-ledger.ts';
import { createMemoryBudget } from './payload/memory-budget.ts';
import { DiskPayloadStore } from './payload/payload-store.ts';
import type { PoolLimits } from './pool/pool.ts';
import { PoolLog } from './pool/pool-log.ts';
import { heldState } from './storage/held-state.ts';
import type { StorageSettings } from './storage/storage.ts';

export interface OpenLedgerOptions {
  readonly verifyCertificate: CertificateVerifier;
  /** Runs the blocks; by default an {@link EvmExecutor} of this node's own. It brings its own state store. */
  readonly executor?: Executor;
  /** Where the state lives when no executor is given; by default in the node's chain table on disk. */
  readonly stateStore?: StateStore;
  readonly poolLimits?: PoolLimits;
  /** Clients are served although no other sealer is connected: one node of a consortium stands for all of it. */
  readonly standsAlone?: boolean;
  readonly storage?: StorageSettings;
  /** What the node may keep in memory for others; default NODE_MEMORY_BYTES_MAX. */
  readonly memoryBytes?: number;
  /** The domain of the chain's consensus signatures, which contracts can ask for. For the default executor. */
  readonly domain?: Uint8Array;
}

/**
 * Opens a node's ledger: on an empty disk it builds block 0, else it goes on where the last durable batch ended (or at the
 * newest block that can still be read: what the disk has lost is fetched from peers), with
 * the transactions that were acknowledged and are in no block yet back in the pool. Call `start()` before the network
 * starts.
 *
 * @throws TreadleError GENESIS_*
 */
export async function openLedger(environment: Environment, genesis: Genesis, options: OpenLedgerOptions): Promise<Ledger> {
  const table = await environment.disk.table('chain');
  const executor = options.executor ?? executorOver(table, genesis, options);
  const state = await executor.genesis(genesis);
  const store = new ChainStore(table);
  const held = heldState(executor.store, store);
  const { head, genesis: first, readable } = await openChain({ store, executor, held, genesis, state, log: environment.log });
  const reader = new ChainReader({ chainId: genesis.chainId, store, head: () => head.header });
  await reader.warmUp();
  const { poolLog, recovered, damaged } = await PoolLog.open(environment.disk);
  if (damaged > 0) environment.log.error('pool-log-damaged', { places: damaged, recovered: recovered.length });
  const ledger = new NodeLedger({
    environment,
    memory: createMemoryBudget(options.memoryBytes ?? NODE_MEMORY_BYTES_MAX, environment.metrics),
    payloadStore: await DiskPayloadStore.open(environment),
    chainId: genesis.chainId,
    genesis: first,
    genesisHash: first.hash,
    readable,
    held,
    storage: options.storage ?? {},
    table,
    store,
    reader,
    head,
    executor,
    poolLog,
    verifyCertificate: options.verifyCertificate,
    ...(options.poolLimits !== undefined && { poolLimits: options.poolLimits }),
    standsAlone: options.standsAlone === true,
  });
  await ledger.recover(recovered);
  environment.log.info('ledger-open', { height: head.header.number, hash: head.header.hash, pending: ledger.pendingCount() });
  return ledger;
}

function executorOver(table: Table, genesis: Genesis, { stateStore, domain }: OpenLedgerOptions): Executor {
  const store = stateStore ?? new TableStateStore(table);
  const { chainId, governance } = genesis;
  return new EvmExecutor({ chainId, governance, store, ...(domain !== undefined && { domain }) });
}
