import type { TypedTransaction } from '@ethereumjs/tx';
import type { BlockRecord, HeaderRecord, LedgerView, ReceiptRecord } from '../ledger.ts';
import { baseFeeOf } from './format-block.ts';
import { effectiveGasPrice } from './format-transaction.ts';
import { quantity } from './quantity.ts';

/** Price of blob gas while nobody uses any: the least that EIP-4844 allows. */
export const MIN_BLOB_BASE_FEE_WEI = 1n;

export interface FeeHistoryRequest {
  readonly blockCount: number;
  readonly newest: HeaderRecord;
  /** Ascending, 0..100; empty: no rewards asked for. */
  readonly percentiles: readonly number[];
}

/** The answer of `eth_feeHistory`: one entry per block, and one more base fee for the block after the newest. */
export async function feeHistory(ledger: LedgerView, request: FeeHistoryRequest): Promise<Record<string, unknown>> {
  const { newest, percentiles } = request;
  const count = Math.min(request.blockCount, newest.number + 1);
  const baseFees: bigint[] = [];
  const gasUsedRatio: number[] = [];
  const rewards: string[][] = [];
  for (let number = newest.number - count + 1; number <= newest.number; number++) {
    const header = await ledger.header(number);
    if (header === undefined) continue;
    baseFees.push(baseFeeOf(header));
    gasUsedRatio.push(Number(header.gasUsed) / Number(header.gasLimit));
    if (percentiles.length > 0) rewards.push((await rewardsOf(ledger, header, percentiles)).map(quantity));
  }
  // The base fee is a constant of the chain: the next block has the newest one's.
  if (count > 0) baseFees.push(baseFeeOf(newest));
  return {
    oldestBlock: quantity(newest.number - count + 1),
    baseFeePerGas: baseFees.map(quantity),
    gasUsedRatio,
    baseFeePerBlobGas: baseFees.map(() => quantity(MIN_BLOB_BASE_FEE_WEI)),
    blobGasUsedRatio: gasUsedRatio.map(() => 0),
    ...(percentiles.length > 0 && { reward: rewards }),
  };
}

async function rewardsOf(ledger: LedgerView, header: HeaderRecord, percentiles: readonly number[]): Promise<readonly bigint[]> {
  const block = header.gasUsed === 0n ? undefined : await ledger.block(header.number);
  const receipts = block === undefined ? undefined : await ledger.receipts(header.number);
  if (block === undefined || receipts === undefined) return percentiles.map(() => 0n);
  return rewardPercentiles(block, receipts, percentiles);
}

/** Tips per gas, weighed by the gas that paid them: entry i is the tip at percentile i of the block's gas. */
export function rewardPercentiles(
  block: BlockRecord,
  receipts: readonly ReceiptRecord[],
  percentiles: readonly number[],
): readonly bigint[] {
  const baseFeeWei = baseFeeOf(block.header);
  const tip = (transaction: TypedTransaction): bigint => effectiveGasPrice(transaction, baseFeeWei) - baseFeeWei;
  const paid = block.transactions
    .map((transaction, index) => ({ tipWei: tip(transaction), gasUsed: receipts[index]?.gasUsed ?? 0n }))
    .sort((left, right) => (left.tipWei < right.tipWei ? -1 : left.tipWei > right.tipWei ? 1 : 0));
  let position = 0;
  let gas = paid[0]?.gasUsed ?? 0n;
  return percentiles.map((percentile) => {
    const threshold = (Number(block.header.gasUsed) * percentile) / 100;
    while (Number(gas) < threshold && position < paid.length - 1) gas += paid[++position]?.gasUsed ?? 0n;
    return paid[position]?.tipWei ?? 0n;
  });
}
