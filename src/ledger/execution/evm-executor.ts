import type { Block } from '@ethereumjs/block';
import type { Common } from '@ethereumjs/common';
import { type RunTxResult, runTx } from '@ethereumjs/vm';
import { BoundedMap } from '../../bounded-map.ts';
import { type Address, type Hex, toAddress, toHex } from '../../crypto/index.ts';
import { invariant, TreadleError } from '../../errors.ts';
import { BLOCK_BYTES_MAX, BLOCK_TRANSACTIONS_MAX, CALL_GAS_MAX, STATE_CACHE_ROOTS_MAX } from '../../limits.ts';
import { bloomOf, mergeBlooms } from '../chain/bloom.ts';
import { encodeConsensusReceipt, type Outcome } from '../chain/receipt-codec.ts';
import { transactionsRootOf } from '../chain/transactions-root.ts';
import type { Genesis } from '../genesis.ts';
import type { CallRequest, CallResult } from '../ledger.ts';
import type { SignedTransaction } from '../pool/transaction-codec.ts';
import { orderedTrie } from '../trie/ordered-trie.ts';
import { chainRules } from './chain-rules.ts';
import { EnginePool } from './engine-pool.ts';
import { type BlockEnvironment, type Engine, evmBlock } from './evm-engine.ts';
import type { CallPlace, Execution, ExecutionRequest, Executor, GenesisState, RefusedTransaction } from './executor.ts';
import { smallestGas } from './gas-estimate.ts';
import { buildGenesisState } from './genesis-state.ts';
import { type MeteredResult, runMessage, upfrontGas } from './message-call.ts';
import { askSealers } from './next-sealers.ts';
import { applyChanges } from './state-root.ts';
import { StateSnapshot } from './state-snapshot.ts';
import type { StateStore } from './state-store.ts';

/** What an executor is made for. */
export interface EvmExecutorOptions {
  readonly chainId: number;
  readonly governance: Address;
  readonly store: StateStore;
}

/** The executor that runs Ethereum transactions with @ethereumjs. */
export class EvmExecutor implements Executor {
  readonly store: StateStore;
  private readonly governance: Address;
  private readonly rules: Common;
  private readonly engines: EnginePool;
  private readonly snapshots = new BoundedMap<Hex, StateSnapshot>(STATE_CACHE_ROOTS_MAX);

  constructor(options: EvmExecutorOptions) {
    this.store = options.store;
    this.governance = options.governance;
    this.rules = chainRules(options.chainId);
    this.engines = new EnginePool(this.rules);
  }

  snapshot(root: Hex): StateSnapshot {
    const known = this.snapshots.get(root);
    if (known !== undefined) return known;
    const snapshot = new StateSnapshot(root, this.store);
    this.snapshots.set(root, snapshot);
    return snapshot;
  }

  genesis(genesis: Genesis): Promise<GenesisState> {
    return buildGenesisState(genesis, { rules: this.rules, store: this.store });
  }

  execute(request: ExecutionRequest): Promise<Execution> {
    const snapshot = this.snapshot(request.parent.stateRoot);
    return this.engines.use(snapshot, request.ancestorHash, async (engine) => {
      const block = evmBlock(this.rules, environmentAfter(request));
      const run = await runTransactions(engine, block, request);
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
    if (transactions === 0) return { nextSealers: current };
    const answer = await askSealers(engine, this.governance, block);
    return 'sealers' in answer ? { nextSealers: answer.sealers } : { nextSealers: current, sealersKept: answer.unusable };
  }

  private async summarise(
    engine: Engine,
    run: TransactionsRun & { readonly nextSealers: readonly Address[]; readonly sealersKept?: string },
  ): Promise<Execution> {
    const base = engine.state.snapshot;
    const changes = engine.state.changes();
    const applied = await applyChanges(base, changes, { store: this.store, rules: this.rules });
    if (applied.root !== base.root) {
      this.snapshots.set(applied.root, base.advance(applied.root, { ...changes, accounts: applied.accounts }));
    }
    return {
      ...run,
      stateRoot: applied.root,
      transactionsRoot: transactionsRootOf(run.included),
      receiptsRoot: orderedTrie(run.outcomes.map(encodeConsensusReceipt)).root,
      logsBloom: mergeBlooms(run.outcomes.map(({ logsBloom }) => logsBloom)),
      nodes: applied.nodes,
    };
  }
}

interface TransactionsRun {
  readonly included: readonly SignedTransaction[];
  readonly refused: readonly RefusedTransaction[];
  readonly outcomes: readonly Outcome[];
  readonly gasUsed: bigint;
}

async function runTransactions(engine: Engine, block: Block, request: ExecutionRequest): Promise<TransactionsRun> {
  const included: SignedTransaction[] = [];
  const refused: RefusedTransaction[] = [];
  const outcomes: Outcome[] = [];
  let gasUsed = 0n;
  let sizeBytes = 0;
  for (const candidate of request.transactions) {
    const noRoom = doesNotFit(candidate, { count: included.length, sizeBytes, gasLeft: block.header.gasLimit - gasUsed });
    const ran = noRoom === undefined ? await runOne(engine, block, { candidate, gasBefore: gasUsed }) : { refused: noRoom };
    if ('refused' in ran) {
      refused.push({ hash: candidate.hash, reason: ran.refused, kind: noRoom === undefined ? 'invalid' : 'no-room' });
      if (request.mode === 'exact') break;
      continue;
    }
    included.push(candidate);
    outcomes.push(ran.outcome);
    gasUsed = ran.outcome.cumulativeGasUsed;
    sizeBytes += candidate.raw.length;
  }
  return { included, refused, outcomes, gasUsed };
}

function doesNotFit(
  candidate: SignedTransaction,
  room: { readonly count: number; readonly sizeBytes: number; readonly gasLeft: bigint },
): string | undefined {
  if (room.count >= BLOCK_TRANSACTIONS_MAX) return 'the block holds as many transactions as it may';
  if (room.sizeBytes + candidate.raw.length > BLOCK_BYTES_MAX) return 'the block holds as many bytes as it may';
  if (candidate.transaction.gasLimit > room.gasLeft) return 'its gas limit is above what is left in the block';
  return undefined;
}

/** Runs one transaction; one that fails or reverts is included all the same, one that may not run at all is refused. */
async function runOne(
  engine: Engine,
  block: Block,
  { candidate, gasBefore }: { readonly candidate: SignedTransaction; readonly gasBefore: bigint },
): Promise<{ readonly outcome: Outcome } | { readonly refused: string }> {
  let result: RunTxResult;
  try {
    result = await runTx(engine.vm, { tx: candidate.transaction, block, blockGasUsed: gasBefore, skipHardForkValidation: true });
  } catch (error) {
    engine.state.assertReadable();
    invariant(engine.state.depth === 0, 'a refused transaction leaves no checkpoint open');
    engine.evm.transientStorage.clear();
    return { refused: error instanceof Error ? shortReason(error.message) : String(error) };
  }
  engine.state.assertReadable();
  engine.evm.transientStorage.clear();
  return { outcome: outcomeOf(candidate, result, gasBefore) };
}

/** The first part of an @ethereumjs message: the rest repeats the block and the transaction. */
function shortReason(message: string): string {
  return (message.split(' (vm hf=')[0] as string).slice(0, 300);
}

function outcomeOf(candidate: SignedTransaction, result: RunTxResult, gasBefore: bigint): Outcome {
  const { execResult, totalGasSpent, createdAddress } = result;
  const failed = execResult.exceptionError !== undefined;
  const logs = result.receipt.logs.map(([address, topics, data]) => ({
    address: toAddress(toHex(address)),
    topics: topics.map(toHex),
    data: toHex(data),
  }));
  const { to } = candidate.transaction;
  return {
    status: failed ? 0 : 1,
    gasUsed: totalGasSpent,
    cumulativeGasUsed: gasBefore + totalGasSpent,
    logs,
    logsBloom: bloomOf(logs),
    from: candidate.sender,
    to: to === undefined ? undefined : toAddress(to.toString()),
    contractAddress:
      to === undefined && !failed && createdAddress !== undefined ? toAddress(createdAddress.toString()) : undefined,
    type: candidate.transaction.type,
    transactionHash: candidate.hash,
    ...(failed && execResult.returnValue.length > 0 && { revertData: toHex(execResult.returnValue) }),
  };
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
