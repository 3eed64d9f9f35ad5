import type { Block } from '@ethereumjs/block';
import { type RunTxResult, runTx } from '@ethereumjs/vm';
import { toAddress, toHex } from '../../crypto/index.ts';
import { invariant } from '../../errors.ts';
import { BLOCK_BYTES_MAX, BLOCK_TRANSACTIONS_MAX } from '../../limits.ts';
import { bloomOf } from '../chain/bloom.ts';
import type { Outcome } from '../chain/receipt-codec.ts';
import type { SignedTransaction } from '../pool/transaction-codec.ts';
import type { Engine } from './evm-engine.ts';
import type { ExecutionRequest, RefusedTransaction } from './executor.ts';
import { type Ran, runRecordsTransaction } from './records-transaction.ts';

/** What became of a block's candidates. */
export interface TransactionsRun {
  readonly included: readonly SignedTransaction[];
  readonly refused: readonly RefusedTransaction[];
  readonly outcomes: readonly Outcome[];
  readonly gasUsed: bigint;
}

export interface RunOptions {
  /** Lets transactions that only call the records contract take the short way; the result is the same. */
  readonly shortWay: boolean;
}

/** Runs the candidates of a block one after another on an engine that stands on the parent's state. */
export async function runTransactions(
  engine: Engine,
  block: Block,
  request: ExecutionRequest,
  options: RunOptions,
): Promise<TransactionsRun> {
  const included: SignedTransaction[] = [];
  const refused: RefusedTransaction[] = [];
  const outcomes: Outcome[] = [];
  let gasUsed = 0n;
  let sizeBytes = 0;
  const run = async (candidate: SignedTransaction): Promise<Ran> => {
    const short = options.shortWay
      ? runRecordsTransaction(candidate, { state: engine.state, header: block.header, gasBefore: gasUsed })
      : undefined;
    const ran = short instanceof Promise ? await short : short;
    return ran ?? runOne(engine, block, { candidate, gasBefore: gasUsed });
  };
  for (const candidate of request.transactions) {
    if (request.mode === 'select' && request.gasBudget !== undefined && gasUsed >= request.gasBudget) break;
    const noRoom = doesNotFit(candidate, { count: included.length, sizeBytes, gasLeft: block.header.gasLimit - gasUsed });
    const ran = noRoom === undefined ? await run(candidate) : { refused: noRoom };
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
  if (candidate.fields.gasLimit > room.gasLeft) return 'its gas limit is above what is left in the block';
  return undefined;
}

/** Runs one transaction; one that fails or reverts is included all the same, one that may not run at all is refused. */
async function runOne(
  engine: Engine,
  block: Block,
  { candidate, gasBefore }: { readonly candidate: SignedTransaction; readonly gasBefore: bigint },
): Promise<Ran> {
  let result: RunTxResult;
  engine.evm.payload = candidate.payload;
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
  const { to, type } = candidate.fields;
  return {
    status: failed ? 0 : 1,
    gasUsed: totalGasSpent,
    cumulativeGasUsed: gasBefore + totalGasSpent,
    logs,
    logsBloom: bloomOf(logs),
    from: candidate.sender,
    to,
    contractAddress:
      to === undefined && !failed && createdAddress !== undefined ? toAddress(createdAddress.toString()) : undefined,
    type,
    transactionHash: candidate.hash,
    ...(failed && execResult.returnValue.length > 0 && { revertData: toHex(execResult.returnValue) }),
  };
}
