import type { Block } from '@ethereumjs/block';
import type { Common } from '@ethereumjs/common';
import { BoundedMap } from '../../bounded-map.ts';
import { type Address, fromHex, type Hex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { CALL_GAS_MAX, STATE_CACHE_ROOTS_MAX } from '../../limits.ts';
import { mergeBlooms } from '../chain/bloom.ts';
import { encodeConsensusReceipts } from '../chain/receipt-codec.ts';
import { transactionsRootOf } from '../chain/transactions-root.ts';
import type { Genesis } from '../genesis.ts';
import type { CallRequest, CallResult } from '../ledger.ts';
import { orderedTrieRoot } from '../trie/ordered-trie.ts';
import { chainRules } from './chain-rules.ts';
import { EnginePool } from './engine-pool.ts';
import { type BlockEnvironment, type Engine, evmBlock } from './evm-engine.ts';
import type { CallPlace, Execution, ExecutionRequest, Executor, GenesisState } from './executor.ts';
import { smallestGas } from './gas-estimate.ts';
import { buildGenesisState } from './genesis-state.ts';
import { type MeteredResult, runMessage, upfrontGas } from './message-call.ts';
import { askSealers } from './next-sealers.ts';
import type { BuiltIn } from './precompiles/built-in.ts';
import { builtInsOf } from './precompiles/built-ins.ts';
import { type RunOptions, runTransactions, type TransactionsRun } from './run-transactions.ts';
import { applyChanges } from './state-root.ts';
import { keyOf, StateSnapshot } from './state-snapshot.ts';
import type { StateStore } from './state-store.ts';

/** What an executor is made for. */
export interface EvmExecutorOptions {
  readonly chainId: number;
  readonly governance: Address;
  readonly store: StateStore;
  /** The 32-byte domain of the chain's consensus signatures, which contracts can ask for; without it they get nothing. */
  readonly domain?: Uint8Array;
  /** False lets every transaction take the general way, which tests compare with the short one. */
  readonly shortWay?: boolean;
}

/** The executor that runs Ethereum transactions with @ethereumjs. */
export class EvmExecutor implements Executor {
  readonly store: StateStore;
  private readonly governance: Address;
  private readonly governanceKey: string;
  private readonly rules: Common;
  private readonly builtIns: readonly BuiltIn[];
  private readonly engines: EnginePool;
  private readonly runOptions: RunOptions;
  private readonly snapshots = new BoundedMap<Hex, StateSnapshot>(STATE_CACHE_ROOTS_MAX);

  constructor(options: EvmExecutorOptions) {
    this.store = options.store;
    this.governance = options.governance;
    this.governanceKey = keyOf(fromHex(options.governance));
    this.rules = chainRules(options.chainId);
    this.runOptions = { shortWay: options.shortWay ?? true };
    this.builtIns = builtInsOf(options.domain);
    this.engines = new EnginePool(this.rules, this.builtIns);
  }

  snapshot(root: Hex): StateSnapshot {
    const known = this.snapshots.get(root);
    if (known !== undefined) return known;
    const snapshot = new StateSnapshot(root, this.store);
    this.snapshots.set(root, snapshot);
    return snapshot;
  }

  genesis(genesis: Genesis): Promise<GenesisState> {
    return buildGenesisState(genesis, { rules: this.rules, store: this.store, builtIns: this.builtIns });
  }

  execute(request: ExecutionRequest): Promise<Execution> {
    const snapshot = this.snapshot(request.parent.stateRoot);
    return this.engines.use(snapshot, request.ancestorHash, async (engine) => {
      const block = evmBlock(this.rules, environmentAfter(request));
      const run = await runTransactions(engine, block, request, this.runOptions);
      const { nextSealers, sealersKept } = await this.nextSealers(engine, block, request, run.included.length);
      return this.summarise(engine, { ...run, nextSealers, ...(sealersKept !== undefined && { sealersKept }) });
    });
  }

  async call(request: CallRequest, place: CallPlace): Promise<CallResult> {
    const upfront = upfrontGas(request, this.rules);
    const gas = gasOf(request);
    if (gas < upfront.minimum) {
      const data = { minimum: upfront.minimum.toString() };
      throw new TreadleError('LEDGER_GAS_TOO_LOW', { detail: `the gas limit ${gas} is below ${upfront.minimum}`, data });
    }
    return this.onState(place, (engine, block) => runMessage(engine, request, { block, gas, upfront }));
  }

  async estimateGas(request: CallRequest, place: CallPlace): Promise<bigint> {
    const upfront = upfrontGas(request, this.rules);
    const maximum = gasOf(request);
    return this.onState(place, async (engine, block) => {
      const trial = async (gas: bigint): Promise<MeteredResult> =>
        gas < upfront.minimum ? outOfGas(gas) : runMessage(engine, request, { block, gas, upfront });
      return smallestGas(trial, { minimum: upfront.minimum, maximum });
    });
  }

  private onState<T>(place: CallPlace, work: (engine: Engine, block: Block) => Promise<T>): Promise<T> {
    const { header, ancestorHash } = place;
    // A call sees the block that it is asked at, as `eth_call` does, not the one that would come next.
    const block = evmBlock(this.rules, { ...header, parentHash: header.parentHash });
    return this.engines.use(this.snapshot(header.stateRoot), ancestorHash, (engine) => work(engine, block));
  }

  private async nextSealers(
    engine: Engine,
    block: Block,
    request: ExecutionRequest,
    transactions: number,
  ): Promise<{ readonly nextSealers: readonly Address[]; readonly sealersKept?: string }> {
    const current = request.parent.nextSealers;
    // The contract answers from its own storage, so what it said stays true until that is written to. It was asked at genesis.
    if (transactions === 0 || !engine.state.isWritten(this.governanceKey)) return { nextSealers: current };
    const answer = await askSealers(engine, this.governance, block);
    return 'sealers' in answer ? { nextSealers: answer.sealers } : { nextSealers: current, sealersKept: answer.unusable };
  }

  private async summarise(
    engine: Engine,
    run: TransactionsRun & { readonly nextSealers: readonly Address[]; readonly sealersKept?: string },
  ): Promise<Execution> {
    const base = engine.state.snapshot;
    const changes = engine.state.changes();
    const applied = await applyChanges(base, changes);
    if (applied.root !== base.root) {
      this.snapshots.set(applied.root, base.advance(applied.root, { ...changes, accounts: applied.accounts }));
    }
    return {
      ...run,
      stateRoot: applied.root,
      transactionsRoot: transactionsRootOf(run.included),
      receiptsRoot: orderedTrieRoot(encodeConsensusReceipts(run.outcomes)),
      logsBloom: mergeBlooms(run.outcomes.map(({ logsBloom }) => logsBloom)),
      nodes: applied.nodes,
    };
  }
}

function environmentAfter(request: ExecutionRequest): BlockEnvironment {
  const { parent, proposer, timestampMs } = request;
  return { number: parent.number + 1, parentHash: parent.hash, proposer, timestampMs, gasLimit: parent.gasLimit };
}

function gasOf(request: CallRequest): bigint {
  return request.gas === undefined || request.gas > CALL_GAS_MAX ? CALL_GAS_MAX : request.gas;
}

function outOfGas(gas: bigint): MeteredResult {
  return { success: false, returnData: new Uint8Array(0), gasUsed: gas, gasRefunded: 0n, error: 'out of gas' };
}
