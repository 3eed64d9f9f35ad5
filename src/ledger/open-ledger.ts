import type { Hex } from '../crypto/index.ts';
import type { Environment, Table } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { ChainHead } from './chain/chain-head.ts';
import { ChainReader } from './chain/chain-reader.ts';
import { ChainStore } from './chain/chain-store.ts';
import { EvmExecutor } from './execution/evm-executor.ts';
import type { Executor, GenesisState } from './execution/executor.ts';
import { genesisHeader } from './execution/genesis-state.ts';
import { createTableStateStore, type StateStore } from './execution/state-store.ts';
import type { Genesis } from './genesis.ts';
import type { CertificateVerifier, Ledger } from './ledger.ts';
import { NodeLedger } from './node-ledger.ts';
import type { PoolLimits } from './pool/pool.ts';
import { PoolLog } from './pool/pool-log.ts';

export interface OpenLedgerOptions {
  readonly verifyCertificate: CertificateVerifier;
  /** Runs the blocks; by default an {@link EvmExecutor} of this node's own. It brings its own state store. */
  readonly executor?: Executor;
  /** Where the state lives when no executor is given; by default in the node's chain table on disk. */
  readonly stateStore?: StateStore;
  readonly poolLimits?: PoolLimits;
}

/**
 * Opens a node's ledger: on an empty disk it builds block 0, else it goes on where the last durable batch ended, with
 * the transactions that were acknowledged and are in no block yet back in the pool. Call `start()` before the network
 * starts.
 *
 * @throws TreadleError GENESIS_* | LEDGER_DAMAGED
 */
export async function openLedger(environment: Environment, genesis: Genesis, options: OpenLedgerOptions): Promise<Ledger> {
  const table = await environment.disk.table('chain');
  const executor = options.executor ?? executorOver(table, genesis, options.stateStore);
  const state = await executor.genesis(genesis);
  const store = new ChainStore(table);
  const { head, genesisHash } = await openChain(store, executor, { genesis, state });
  const reader = new ChainReader({ chainId: genesis.chainId, store, head: () => head.header });
  await reader.warmUp();
  const { poolLog, recovered } = await PoolLog.open(environment.disk);
  const ledger = new NodeLedger({
    environment,
    chainId: genesis.chainId,
    genesisHash,
    table,
    store,
    reader,
    head,
    executor,
    poolLog,
    verifyCertificate: options.verifyCertificate,
    ...(options.poolLimits !== undefined && { poolLimits: options.poolLimits }),
  });
  await ledger.recover(recovered);
  environment.log.info('ledger-open', { height: head.header.number, hash: head.header.hash, pending: ledger.pendingCount() });
  return ledger;
}

function executorOver(table: Table, genesis: Genesis, stateStore: StateStore | undefined): Executor {
  const store = stateStore ?? createTableStateStore(table);
  return new EvmExecutor({ chainId: genesis.chainId, governance: genesis.governance, store });
}

async function openChain(
  store: ChainStore,
  executor: Executor,
  block0: { readonly genesis: Genesis; readonly state: GenesisState },
): Promise<{ readonly head: ChainHead; readonly genesisHash: Hex }> {
  const header = genesisHeader(block0.genesis, block0.state.stateRoot);
  const stored = await store.head();
  if (stored === undefined) {
    const stateOperations = executor.store.stage(block0.state.nodes);
    await store.append({ header, transactions: [], outcomes: [], transactionCount: 0, stateOperations });
    return { head: new ChainHead(header, 0), genesisHash: header.hash };
  }
  // A store in memory is empty after a restart of the process; on disk these entries are there already.
  if ((await executor.store.get(header.stateRoot.slice(2))) === undefined) executor.store.stage(block0.state.nodes);
  const first = await store.header(0);
  if (first?.header.hash !== header.hash) {
    throw new TreadleError('GENESIS_OTHER_CHAIN', { data: { stored: first?.header.hash, given: header.hash } });
  }
  const last = await store.header(stored.number);
  if (last?.header.hash !== stored.hash) throw damaged(`the header of block ${stored.number} is missing`);
  if ((await executor.store.get(last.header.stateRoot.slice(2))) === undefined)
    throw damaged(`the state of block ${stored.number} is missing`);
  return { head: new ChainHead(last.header, stored.transactionCount), genesisHash: header.hash };
}

function damaged(detail: string): TreadleError {
  return new TreadleError('LEDGER_DAMAGED', { detail });
}
